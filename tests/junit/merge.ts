/**
 * One JUnit report of several.
 *
 * @module
 */

import { failsSilently, type Stage, testcasesOf } from "./tally.ts";

/**
 * A report with the suites of all stages. A stage that failed without a failed test has an `<error>` of its own, so that
 * the sum of the merged report is the sum of the stages.
 */
export function mergeReports(stages: readonly Stage[]): string {
  const suites = stages.flatMap((stage) => [suitesOf(stage), failsSilently(stage) ? errorOf(stage) : ""]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>${suites.join("")}</testsuites>\n`;
}

/** Content of the root element; empty when the report is missing, cut off or without a test. */
function suitesOf(stage: Stage): string {
  if (testcasesOf(stage).length === 0) return "";
  return /<testsuites[^>]*>(.*)<\/testsuites>/s.exec(stage.junit!)![1]!;
}

function errorOf({ name, exitCode }: Stage): string {
  const error = `<error>Exit code ${exitCode} without a failed test in the report</error>`;
  return `<testsuite name="${name}"><testcase name="${name}">${error}</testcase></testsuite>`;
}
