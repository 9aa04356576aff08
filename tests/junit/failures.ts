/**
 * Failed tests of a test run, for a reader who sees only the end of its output.
 *
 * @module
 */

import { failsSilently, type Stage, testcasesOf } from "./tally.ts";

/** Lines of a message that are shown, and characters of each. */
const [MAX_LINES, MAX_LINE_CHARACTERS] = [40, 300];

/** Failed tests whose messages are shown. */
const MAX_MESSAGES = 20;

/** A failed test, or a stage that failed without one. */
interface FailedTest {
  readonly title: string;
  readonly message: string;
}

/**
 * Lines about the failed tests of all stages: first the beginning of each message, then all names, so that the names
 * are in the output's last lines. Empty when nothing failed.
 */
export function describeFailures(stages: readonly Stage[]): string[] {
  const failed = stages.flatMap(failedTestsOf);
  if (failed.length === 0) return [];
  const messages = failed.slice(0, MAX_MESSAGES).flatMap(({ title, message }) => [
    `FAILED ${title}`,
    ...beginningOf(message).map((line) => `  ${line}`),
  ]);
  return [...messages, "Failed tests:", ...failed.map(({ title }) => `  ${title}`)];
}

function failedTestsOf(stage: Stage): FailedTest[] {
  const failed = testcasesOf(stage)
    .filter(({ outcome }) => outcome === "failed" || outcome === "errored")
    .map(({ name, origin, message }) => ({ title: `${stage.name}: ${origin} => ${name}`, message }));
  if (!failsSilently(stage)) return failed;
  const message = `Exit code ${stage.exitCode} without a failed test in its report; see its output above`;
  return [{ title: stage.name, message }];
}

function beginningOf(message: string): string[] {
  const lines = message.trimEnd().split("\n");
  const shown = lines.slice(0, MAX_LINES).map((line) => line.slice(0, MAX_LINE_CHARACTERS));
  return lines.length > MAX_LINES ? [...shown, `... and ${lines.length - MAX_LINES} lines more`] : shown;
}
