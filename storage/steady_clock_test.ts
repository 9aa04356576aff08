import { assertEquals } from "@std/assert";
import { steadyClock } from "./steady_clock.ts";

Deno.test("steadyClock() begins above 0 and adds up forward steps alone", () => {
  let time = 5000;
  const now = steadyClock(() => time);
  assertEquals(now(), 1);
  time = 5010;
  assertEquals(now(), 11);
  time = 100;
  assertEquals(now(), 11);
  time = 103;
  assertEquals(now(), 14);
});
