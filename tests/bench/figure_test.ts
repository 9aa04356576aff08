import { assertEquals, assertThrows } from "@std/assert";
import { type Figure, line, median, passes, valueOf } from "./figure.ts";

const FIGURE: Figure = { name: "a", samples: [1, 3, 2], unit: "x", counts: "median", detail: "" };

Deno.test("median() takes the value in the middle when the values are not in order", () => {
  assertEquals(median([30, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 30]), 3);
  assertEquals(median([100, 9]), 54.5);
});

Deno.test("median() throws when there are no values", () => {
  assertThrows(() => median([]), RangeError);
});

Deno.test("valueOf() takes the largest sample when the target is a bound", () => {
  assertEquals(valueOf(FIGURE), 2);
  assertEquals(valueOf({ ...FIGURE, counts: "largest" }), 3);
});

Deno.test("passes() includes the target itself", () => {
  assertEquals(passes({ ...FIGURE, target: { atLeast: 2 } }), true);
  assertEquals(passes({ ...FIGURE, target: { atLeast: 2.01 } }), false);
  assertEquals(passes({ ...FIGURE, target: { atMost: 2 } }), true);
  assertEquals(passes({ ...FIGURE, target: { atMost: 1.99 } }), false);
  assertEquals(passes(FIGURE), true);
});

Deno.test("line() begins with the verdict", () => {
  assertEquals(line({ ...FIGURE, target: { atLeast: 3 } }).split(" ")[0], "MISS");
  assertEquals(line({ ...FIGURE, target: { atLeast: 1 } }).split(" ")[0], "pass");
  assertEquals(line(FIGURE).split(" ")[0], "info");
});
