import { assertEquals, assertLess } from "@std/assert";
import { describeFailures } from "./failures.ts";

const passing = {
  name: "test",
  exitCode: 0,
  junit: reportOf('<testcase name="a" classname="./a_test.ts"/>'),
};

function reportOf(...testcases: string[]): string {
  return `<testsuites><testsuite>${testcases.join("")}</testsuite></testsuites>`;
}

function failure(name: string, message: string): string {
  return `<testcase name="${name}" classname="./b_test.ts"><failure message="">${message}</failure></testcase>`;
}

Deno.test("describeFailures() ends with the names of the failed tests when some failed", () => {
  const junit = reportOf(
    failure("b", "Error: one\n  at two"),
    '<testcase name="c"/>',
    failure("d", "Error: three"),
  );
  assertEquals(describeFailures([passing, { name: "test:all", exitCode: 1, junit }]), [
    "FAILED test:all: ./b_test.ts => b",
    "  Error: one",
    "    at two",
    "FAILED test:all: ./b_test.ts => d",
    "  Error: three",
    "Failed tests:",
    "  test:all: ./b_test.ts => b",
    "  test:all: ./b_test.ts => d",
  ]);
});

Deno.test("describeFailures() is empty when every stage passed", () => {
  assertEquals(describeFailures([passing, { name: "ok", exitCode: 0, junit: null }]), []);
});

Deno.test("describeFailures() names a stage when it failed without a failed test", () => {
  const stages = [
    { name: "test", exitCode: 124, junit: undefined },
    { name: "test:all", exitCode: 1, junit: passing.junit },
    { name: "ok", exitCode: 1, junit: null },
  ];
  assertEquals(describeFailures(stages).slice(-3), ["  test", "  test:all", "  ok"]);
});

Deno.test("describeFailures() shows the beginning of a message when it is long", () => {
  const message = Array.from({ length: 50 }, (_, index) => `line ${index}`).join("\n");
  const lines = describeFailures([{ name: "t", exitCode: 1, junit: reportOf(failure("b", message)) }]);
  assertEquals(lines.slice(40, 42), ["  line 39", "  ... and 10 lines more"]);
  const wide = { name: "t", exitCode: 1, junit: reportOf(failure("b", "x".repeat(9000))) };
  assertLess(describeFailures([wide]).join("").length, 1000);
});

Deno.test("describeFailures() names every failed test when most messages are left out", () => {
  const failures = Array.from({ length: 30 }, (_, index) => failure(`test ${index}`, "Error: x"));
  const lines = describeFailures([{ name: "t", exitCode: 1, junit: reportOf(...failures) }]);
  assertEquals(lines.filter((line) => line.startsWith("FAILED ")).length, 20);
  assertEquals(lines.at(-1), "  t: ./b_test.ts => test 29");
});
