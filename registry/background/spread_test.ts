import { assertEquals } from "@std/assert";
import { type Context, Turns } from "../protocol/mod.ts";
import { spread } from "./spread.ts";

const KEY = { pk: "a", sk: "b" };

/** A context whose table calls take `took` milliseconds, its calls in flight, and its pauses. */
function setUp(took: number) {
  const state = {
    now: 1_000_000,
    inFlight: 0,
    mostInFlight: 0,
    calls: [] as string[],
    pauses: [] as number[],
  };
  const context = {
    now: () => state.now,
    sleep: (milliseconds: number) => Promise.resolve(void state.pauses.push(milliseconds)),
    turns: new Turns(),
    objects: {},
    table: {
      async get({ sk }: { sk: string }) {
        state.calls.push(sk);
        state.mostInFlight = Math.max(state.mostInFlight, ++state.inFlight);
        await Promise.resolve();
        state.now += took;
        state.inFlight--;
        if (sk === "broken") throw new Error("it is down");
      },
    },
  } as unknown as Context;
  return { state, context };
}

Deno.test("spread() lets one call through after the other when requests come while several are wanted", async () => {
  const { state, context } = setUp(2);
  const share = { pause: 0, calls: 4 };
  const { table } = spread(context, () => share);
  const chains = Array.from({ length: 8 }, async (_, i) => {
    for (let call = 0; call < 3; call++) await table.get({ pk: "a", sk: `${i}` });
  });
  while (state.calls.length < 8) await Promise.resolve();
  assertEquals(state.mostInFlight, 4);
  Object.assign(share, { pause: 15, calls: 1 });
  while (state.inFlight > 1) await Promise.resolve();
  state.mostInFlight = 0;
  const before = state.calls.length;
  await Promise.all(chains);
  assertEquals(state.mostInFlight, 1);
  assertEquals(state.calls.length, 24);
  assertEquals(state.pauses.filter((pause) => pause === 30).length >= 24 - before, true);
});

Deno.test("spread() goes on after a call that fails", async () => {
  const { state, context } = setUp(2);
  const { table } = spread(context, () => ({ pause: 15, calls: 1 }));
  const failed = table.get({ pk: "a", sk: "broken" }).catch((error) => error.message);
  await table.get(KEY);
  assertEquals([await failed, state.pauses], ["it is down", [30, 30]]);
});

Deno.test("spread() pauses for a second at most after a call that seems to last hours", async () => {
  const { state, context } = setUp(8 * 60 * 60_000);
  const { table } = spread(context, () => ({ pause: 15, calls: 1 }));
  await table.get(KEY);
  assertEquals(state.pauses, [1000]);
});

Deno.test("spread() lets one call of several kinds of work through at once, in turn, beside one that is late", async () => {
  const { state, context } = setUp(2);
  const call = async (name: string, calls: number) => {
    const { table } = spread(context, () => ({ pause: 0, calls }));
    await Promise.all(Array.from({ length: 8 }, () => table.get({ pk: "a", sk: name })));
  };
  await Promise.all([call("sweep", 1), call("candidates", 1)]);
  assertEquals(state.mostInFlight, 1);
  state.calls = [];
  await Promise.all([call("late", 4), call("on time", 1)]);
  assertEquals(state.mostInFlight, 4);
  assertEquals(state.calls.indexOf("on time") < state.calls.lastIndexOf("late"), true);
});
