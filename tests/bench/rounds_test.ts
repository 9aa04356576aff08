import { assertEquals, assertThrows } from "@std/assert";
import { interleave, ratios } from "./rounds.ts";

Deno.test("interleave() begins each round with another side when there are several", async () => {
  const calls: string[] = [];
  const side = (name: string) => () => Promise.resolve(calls.push(name));
  await interleave(2, { a: side("a"), b: side("b"), c: side("c") });
  assertEquals(calls.join(""), "abc" + "bca" + "cab");
});

Deno.test("interleave() leaves out the first round", async () => {
  let count = 0;
  assertEquals(await interleave(3, { a: () => Promise.resolve(count++) }), { a: [1, 2, 3] });
});

Deno.test("ratios() divides round by round", () => {
  assertEquals(ratios([2, 9], [4, 3]), [0.5, 3]);
  assertThrows(() => ratios([1], []), RangeError);
});
