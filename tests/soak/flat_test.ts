import { assertEquals } from "@std/assert";
import { growthOf } from "./flat.ts";

const RULE = { warmUp: 10, slack: 5 };
const series = (valueAt: (at: number) => number) =>
  Array.from({ length: 40 }, (_, at) => ({ at, value: valueAt(at) }));

Deno.test("growthOf() accepts a series that grows in the warm-up alone, and one that swings", () => {
  assertEquals(growthOf(series((at) => 100 * Math.min(at, 10)), RULE), undefined);
  assertEquals(growthOf(series((at) => 1000 + 200 * (at % 3)), RULE), undefined);
});

Deno.test("growthOf() rejects a series that grows without end, also slowly", () => {
  assertEquals(growthOf(series((at) => 100 * at), RULE), "it grew from 1700.00 to 3200.00");
  assertEquals(growthOf(series((at) => 1000 + 100 * at), RULE) !== undefined, true);
});

Deno.test("growthOf() refuses to judge without samples after the warm-up", () => {
  assertEquals(growthOf([], RULE), "only 0 samples after the warm-up of 10 s");
});
