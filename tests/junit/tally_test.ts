import { assertEquals } from "@std/assert";
import { tally } from "./tally.ts";

const GREEN = '<testsuites><testsuite><testcase name="a"/><testcase name="b"/></testsuite></testsuites>';
const RED = '<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure/></testcase>' +
  '<testcase name="c"><error/></testcase><testcase name="d"><skipped/></testcase></testsuite></testsuites>';

Deno.test("tally() sums the stages when some tests fail", () => {
  const stages = [
    { name: "test", exitCode: 0, junit: GREEN },
    { name: "test:all", exitCode: 1, junit: RED },
    { name: "ok", exitCode: 0, junit: null },
  ];
  assertEquals(tally(stages), { passed: 4, failed: 2, skipped: 1 });
});

Deno.test("tally() counts the gate as a test when it fails", () => {
  assertEquals(tally([{ name: "ok", exitCode: 1, junit: null }]), { passed: 0, failed: 1, skipped: 0 });
});

Deno.test("tally() counts a failure when a stage crashed", async (t) => {
  const crashes = {
    "without a report": { stage: { name: "test", exitCode: 1, junit: undefined }, passed: 0 },
    "without a report, claiming success": {
      stage: { name: "test", exitCode: 0, junit: undefined },
      passed: 0,
    },
    "with half a report": { stage: { name: "test", exitCode: 0, junit: GREEN.slice(0, 60) }, passed: 0 },
    "after a green report": { stage: { name: "test", exitCode: 1, junit: GREEN }, passed: 2 },
    "before any test": { stage: { name: "test", exitCode: 0, junit: "<testsuites/>" }, passed: 0 },
  };
  for (const [name, { stage, passed }] of Object.entries(crashes)) {
    await t.step(name, () => assertEquals(tally([stage]), { passed, failed: 1, skipped: 0 }));
  }
});
