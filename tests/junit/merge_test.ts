import { assertEquals } from "@std/assert";
import { mergeReports } from "./merge.ts";
import { type Stage, tally } from "./tally.ts";
import { readTestcases } from "./testcases.ts";

/** A report as `deno test` writes it. */
function reportOf(testcases: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.046">
    <testsuite name="./a_test.ts" tests="3">${testcases}</testsuite>
</testsuites>`;
}

const GREEN = reportOf('<testcase name="a"/>');
const RED = reportOf(
  '<testcase name="b"><failure message="x">Error: x &lt;/testsuites&gt;</failure></testcase>',
);

function merged(...stages: Stage[]): Stage {
  const exitCode = stages.every((stage) => stage.exitCode === 0) ? 0 : 1;
  return { name: "all", exitCode, junit: mergeReports(stages) };
}

Deno.test("mergeReports() has the tests of all stages, in their order", () => {
  const junit = mergeReports([
    { name: "one", exitCode: 0, junit: GREEN },
    { name: "two", exitCode: 1, junit: RED },
  ]);
  assertEquals(readTestcases(junit).map(({ name, message }) => [name, message]), [
    ["a", ""],
    ["b", "Error: x </testsuites>"],
  ]);
});

Deno.test("mergeReports() sums up to the sum of the stages when some crashed", async (t) => {
  const green = { name: "green", exitCode: 0, junit: GREEN };
  const red = { name: "red", exitCode: 1, junit: RED };
  const crashes = {
    "without a report": { name: "crashed", exitCode: 137, junit: undefined },
    "with half a report": { name: "crashed", exitCode: 137, junit: RED.slice(0, -20) },
    "after a green report": { name: "crashed", exitCode: 1, junit: GREEN },
    "before any test": { name: "crashed", exitCode: 0, junit: "<testsuites/>" },
  };
  for (const [name, crashed] of Object.entries(crashes)) {
    await t.step(name, () => {
      assertEquals(tally([merged(green, red, crashed)]), tally([green, red, crashed]));
      assertEquals(tally([merged(green, crashed)]), tally([green, crashed]));
    });
  }
});
