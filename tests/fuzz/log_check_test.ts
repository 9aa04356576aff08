import { assertEquals } from "@std/assert";
import { findTrouble } from "./log_check.ts";

const GOOD = '{"level":"info","id":"a-1"}';

Deno.test("findTrouble() has nothing against a line for each request", () => {
  assertEquals(findTrouble(`{"level":"info","message":"Listening"}\n${GOOD}\n`, ["a-1"]), []);
});

Deno.test("findTrouble() tells of errors, stack traces and control characters", () => {
  const lines = ['{"level":"error","id":"a-2"}', "    at main.ts:1:2", '{"level":"info","path":"\x1b[2J"}'];
  assertEquals(findTrouble([GOOD, ...lines].join("\n"), ["a-1"]), lines);
});

Deno.test("findTrouble() tells of requests without a line", () => {
  assertEquals(findTrouble(GOOD, ["a-1", "a-2"]), ["Nothing of request a-2"]);
});
