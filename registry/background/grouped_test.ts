import { assertEquals } from "@std/assert";
import type { Context } from "../protocol/mod.ts";
import { grouped } from "./grouped.ts";

const KEY = { pk: "a", sk: "b" };

/** A context whose writes take `took` milliseconds, a group of them as long as one, and what it does. */
function setUp(took: number) {
  const state = { now: 1_000_000, inFlight: 0, groups: [] as number[], pauses: [] as number[], reads: 0 };
  const write = async (key: { sk: string }) => {
    if (state.inFlight++ === 0) state.groups.push(0);
    state.groups[state.groups.length - 1]!++;
    await new Promise((resolve) => setImmediate(resolve));
    if (--state.inFlight === 0) state.now += took;
    if (key.sk === "broken") throw new Error("it is down");
    return "version";
  };
  const context = {
    now: () => state.now,
    sleep(milliseconds: number) {
      state.pauses.push(milliseconds);
      state.now += milliseconds;
      return Promise.resolve();
    },
    objects: { delete: () => write(KEY) },
    table: {
      get: () => Promise.resolve(void state.reads++),
      put: write,
      putMany: () => write(KEY),
      delete: write,
    },
  } as unknown as Context;
  return { state, context };
}

/** Makes so many chains of three writes at once, with a read between them. */
async function makeChains({ context }: ReturnType<typeof grouped>, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, async () => {
    await context.table.put({ ...KEY, attributes: {} }, { ifAbsent: true });
    await context.table.get(KEY);
    await context.objects.delete(["object"]);
    await context.table.delete(KEY, { ifVersion: "v" });
  }));
}

Deno.test("grouped() makes at most 16 writes at once, and pauses after each group", async () => {
  const { state, context } = setUp(2);
  await makeChains(grouped(context, () => ({ pause: 15, calls: 1 })), 32);
  assertEquals(state.groups.reduce((sum, writes) => sum + writes, 0), 96);
  assertEquals(Math.max(...state.groups), 16);
  assertEquals(state.pauses, state.groups.map(() => 30));
  assertEquals(state.reads, 32);
});

Deno.test("grouped() makes all waiting writes at once if the work is late", async () => {
  const { state, context } = setUp(2);
  await makeChains(grouped(context, () => ({ pause: 0.5, calls: 32 })), 32);
  // The first write does not wait for others.
  assertEquals(state.groups.slice(0, 2), [1, 32]);
  assertEquals(state.pauses, state.groups.map(() => 1));
});

Deno.test("grouped() makes no pauses without requests", async () => {
  const { state, context } = setUp(2);
  await makeChains(grouped(context, () => ({ pause: 0, calls: 4 })), 32);
  assertEquals(state.pauses, []);
});

Deno.test("grouped() sums up pauses that are shorter than a millisecond", async () => {
  const { state, context } = setUp(0.25);
  const { table } = grouped(context, () => ({ pause: 1, calls: 1 })).context;
  for (let i = 0; i < 8; i++) await table.putMany([]);
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(state.pauses, [1, 1]);
});

Deno.test("grouped() pauses for half a second at most after a group that seems to last hours", async () => {
  const { state, context } = setUp(8 * 60 * 60_000);
  await makeChains(grouped(context, () => ({ pause: 15, calls: 1 })), 1);
  assertEquals(new Set(state.pauses), new Set([500]));
});

Deno.test("grouped() goes on after a write that fails", async () => {
  const { state, context } = setUp(2);
  const { table } = grouped(context, () => ({ pause: 15, calls: 1 })).context;
  const failed = table.delete({ ...KEY, sk: "broken" }, { ifVersion: "v" }).catch((error) => error.message);
  assertEquals(await table.put({ ...KEY, attributes: {} }, { ifAbsent: true }), "version");
  assertEquals([await failed, state.pauses[0]], ["it is down", 30]);
});

Deno.test("takeSpent() tells the time of groups and their pauses so far, each once", async () => {
  const { state, context } = setUp(2);
  const work = grouped(context, () => ({ pause: 15, calls: 1 }));
  const began = state.now;
  const chains = makeChains(work, 4);
  while (state.groups.length < 3) await new Promise((resolve) => setImmediate(resolve));
  const taken = work.takeSpent();
  assertEquals(taken, state.now - began);
  await chains;
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([taken + work.takeSpent(), work.takeSpent()], [state.now - began, 0]);
});
