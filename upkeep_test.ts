import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { warningOf } from "./upkeep.ts";

const HOUR = 3_600_000;

Deno.test("warningOf() warns of a full pass that takes longer than its interval, once an estimate means something", () => {
  const progress = { startedAt: 0, items: 1000, done: 0.27 };
  assertEquals(warningOf({ ...progress, estimate: HOUR }, HOUR), undefined);
  const warning = warningOf({ ...progress, estimate: HOUR + 1 }, HOUR);
  assert(warning !== undefined);
  assertStringIncludes(warning, "longer than its interval");
  assertEquals(warningOf({ ...progress, done: 0, estimate: Infinity }, HOUR), undefined);
});
