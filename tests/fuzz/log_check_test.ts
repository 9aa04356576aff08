import { assertEquals } from "@std/assert";
import { findTrouble } from "./log_check.ts";

const GOOD = '{"level":"info","id":"a-1"}';

Deno.test("findTrouble() has nothing against a line for each request", () => {
  assertEquals(
    findTrouble(`{"level":"info","message":"Listening"}\n${GOOD}\n`, { requestIds: ["a-1"], busyIds: [] }),
    [],
  );
});

Deno.test("findTrouble() tells of errors, stack traces and control characters", () => {
  const lines = [
    '{"level":"error","id":"a-2"}',
    "    at main.ts:1:2",
    '{"level":"info","url.path":"\x1b[2J"}',
  ];
  assertEquals(findTrouble([GOOD, ...lines].join("\n"), { requestIds: ["a-1"], busyIds: [] }), lines);
});

Deno.test("findTrouble() tells of requests without a line", () => {
  assertEquals(findTrouble(GOOD, { requestIds: ["a-1", "a-2"], busyIds: [] }), ["Nothing of request a-2"]);
});

Deno.test("findTrouble() has nothing against errors of a busy machine", () => {
  const lines = [
    '{"level":"error","http.response.status_code":503,"id":"a-1"}',
    '{"level":"error","message":"Not ready: x"}',
  ];
  assertEquals(findTrouble(lines.join("\n"), { requestIds: ["a-1"], busyIds: ["a-1"] }), []);
  assertEquals(findTrouble(lines.join("\n"), { requestIds: ["a-1"], busyIds: [] }), lines);
  const failed = '{"level":"error","http.response.status_code":500,"id":"a-1"}';
  assertEquals(findTrouble(failed, { requestIds: ["a-1"], busyIds: ["a-1"] }), [failed]);
});
