import { assertEquals, assertThrows } from "@std/assert";
import { readTestcases } from "./testcases.ts";

Deno.test("readTestcases() reads each outcome from the case itself when suites miscount", () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
    <testsuites tests="0" failures="0">
      <testsuite name="./a_test.ts" tests="9" failures="9">
        <testcase name="plain"></testcase>
        <testcase name="steps"><failure message="1 test step failed">1 test step failed.</failure></testcase>
        <testcase name="steps &gt; &quot;one&quot;"><failure message="x">Error: x &lt;failure/&gt;</failure></testcase>
        <testcase name="ignored"><skipped/></testcase>
        <testcase name="says skipped"><system-out>&lt;skipped/&gt;</system-out></testcase>
      </testsuite>
      <testsuite name="./b_test.ts"><testcase name="broken"><error/></testcase></testsuite>
    </testsuites>`;
  const outcomes = readTestcases(xml).map(({ name, outcome }) => ({ name, outcome }));
  assertEquals(outcomes, [
    { name: "plain", outcome: "passed" },
    { name: "steps", outcome: "failed" },
    { name: 'steps > "one"', outcome: "failed" },
    { name: "ignored", outcome: "skipped" },
    { name: "says skipped", outcome: "passed" },
    { name: "broken", outcome: "errored" },
  ]);
});

Deno.test("readTestcases() reads the origin and the message when a case failed", () => {
  const xml = `<testsuites><testsuite>
    <testcase name="a" classname="./a_test.ts"><failure message="short">Error: x &lt;y&gt;\n  at z</failure></testcase>
    <testcase name="b" classname="./b_test.ts"><system-out>ok</system-out></testcase>
    <testcase name="c"><error>gone</error></testcase>
  </testsuite></testsuites>`;
  assertEquals(readTestcases(xml), [
    { name: "a", origin: "./a_test.ts", outcome: "failed", message: "Error: x <y>\n  at z" },
    { name: "b", origin: "./b_test.ts", outcome: "passed", message: "" },
    { name: "c", origin: "", outcome: "errored", message: "gone" },
  ]);
});

Deno.test("readTestcases() finds nothing when nothing ran", () => {
  assertEquals(readTestcases('<testsuites name="deno test" tests="0"></testsuites>'), []);
});

Deno.test("readTestcases() throws when the report was cut off", () => {
  assertThrows(() => readTestcases('<testsuites><testsuite><testcase name="a">'), Error);
});
