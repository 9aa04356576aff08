import { assertEquals } from "@std/assert";
import type { Item } from "../../storage/ports.ts";
import { type Context, Turns } from "../protocol/mod.ts";
import { workOff } from "./work_off.ts";

const GRACE_MS = 1_000_000;

/** Duration of each call of the table. */
const CALL_MS = 2;

const ITEMS = Array.from(
  { length: 64 },
  (_, i): Item => ({ pk: "a", sk: `${i}`, version: "v", attributes: {} }),
);

/** Works off the items, each by two calls of the table. Answers the pauses, and how many items were processed at once. */
async function measure(options: { embedded: boolean; busy: boolean; lateness: number }) {
  const clock = { now: 5_000_000 };
  const pauses: number[] = [];
  const asked = { count: 0 };
  let [running, most] = [0, 0];
  const context = {
    now: () => clock.now,
    sleep: (milliseconds: number) => Promise.resolve(void pauses.push(milliseconds)),
    asked,
    turns: new Turns(),
    grace: GRACE_MS,
    objects: {},
    table: {
      get: () => Promise.resolve(void (clock.now += CALL_MS)),
      ...(options.embedded && { changeCount: () => Promise.resolve(0) }),
    },
  } as unknown as Context;
  if (options.busy) asked.count++;
  await workOff(context, {
    shards: () => [{ pages: ReadableStream.from([[...ITEMS]]) }],
    handle: async (work) => {
      most = Math.max(most, ++running);
      if (options.busy) asked.count++;
      for (let call = 0; call < 2; call++) await work.table.get({ pk: "", sk: "" });
      running--;
    },
    dueSince: () => clock.now - options.lateness * GRACE_MS / 2,
  });
  return { pauses: pauses.length, longest: Math.max(0, ...pauses), most };
}

Deno.test("workOff() over a network pauses after each call, and takes more items at once only if it is late", async () => {
  const calls = 2 * ITEMS.length;
  for (
    const [lateness, factor, most] of [[0, 15, 1], [0.5, 7.5, 1], [0.75, 3.75, 16], [1, 0.5, 32]] as const
  ) {
    const measured = await measure({ embedded: false, busy: true, lateness });
    // The clock shows each call of concurrent items as a longer one.
    assertEquals([measured.pauses, measured.most], [calls, most]);
    if (most === 1) assertEquals(measured.longest, factor * CALL_MS);
  }
});

Deno.test("workOff() over a network makes no pauses without requests, and takes few items at once unless it is late", async () => {
  for (const [lateness, most] of [[0, 4], [0.5, 4], [0.75, 16], [1, 32]] as const) {
    const measured = await measure({ embedded: false, busy: false, lateness });
    assertEquals(measured, { pauses: 0, longest: 0, most });
  }
});

Deno.test("workOff() in an embedded table takes many items at once, and pauses after them", async () => {
  const measured = await measure({ embedded: true, busy: true, lateness: 0 });
  assertEquals([measured.pauses, measured.most], [2, 32]);
});
