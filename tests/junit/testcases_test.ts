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
  assertEquals(readTestcases(xml), [
    { name: "plain", outcome: "passed" },
    { name: "steps", outcome: "failed" },
    { name: 'steps > "one"', outcome: "failed" },
    { name: "ignored", outcome: "skipped" },
    { name: "says skipped", outcome: "passed" },
    { name: "broken", outcome: "errored" },
  ]);
});

Deno.test("readTestcases() finds nothing when nothing ran", () => {
  assertEquals(readTestcases('<testsuites name="deno test" tests="0"></testsuites>'), []);
});

Deno.test("readTestcases() throws when the report was cut off", () => {
  assertThrows(() => readTestcases('<testsuites><testsuite><testcase name="a">'), Error);
});
