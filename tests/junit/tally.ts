/**
 * Sums several stages of a test run into one count that cannot look better than the run was.
 *
 * @module
 */

import { readTestcases, type Testcase } from "./testcases.ts";

/** One command of a test run, after it ended. */
export interface Stage {
  readonly name: string;
  readonly exitCode: number;
  /** Its JUnit report; `undefined` when it left none; `null` for a command that is one test by itself. */
  readonly junit: string | undefined | null;
}

/** Number of tests with each result. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the tests of all stages. A stage that failed counts at least one failure, even where its report is missing,
 * cut off or all green (a test file that cannot be loaded leaves no mark in the report); so does one that ran nothing.
 */
export function tally(stages: readonly Stage[]): Tally {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const stage of stages) {
    const { passed, failed, skipped } = tallyStage(stage);
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

function tallyStage(stage: Stage): Tally {
  const counts = { passed: 0, failed: 0, errored: 0, skipped: 0 };
  for (const { outcome } of testcasesOf(stage)) counts[outcome] += 1;
  if (stage.junit === null && stage.exitCode === 0) counts.passed = 1;
  const failed = counts.failed + counts.errored + (failsSilently(stage) ? 1 : 0);
  return { passed: counts.passed, failed, skipped: counts.skipped };
}

/** A line about the result of a stage. */
export function describeStage(stage: Stage): string {
  const { passed, failed, skipped } = tallyStage(stage);
  return `${stage.name}: exit code ${stage.exitCode}, ${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** True if a stage failed, or ran nothing, and its report names no failed test. */
export function failsSilently(stage: Stage): boolean {
  const outcomes = testcasesOf(stage).map(({ outcome }) => outcome);
  if (outcomes.includes("failed") || outcomes.includes("errored")) return false;
  return stage.exitCode !== 0 || (stage.junit !== null && !outcomes.includes("passed"));
}

/** Test cases of a stage's report; none when it is missing or cut off, which {@linkcode tally} counts as a failure. */
export function testcasesOf({ junit }: Stage): Testcase[] {
  try {
    return readTestcases(junit ?? "");
  } catch {
    return [];
  }
}
