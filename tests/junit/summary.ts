/**
 * Prints the failed tests of a test run, and as its last line the sum; exits with 1 unless every stage passed.
 *
 * Arguments, one for each stage: `<name>=<exit code>`, with `=<JUnit report>` behind it where the stage writes one.
 *
 * @module
 */

import { describeFailures } from "./failures.ts";
import { describeStage, type Stage, tally } from "./tally.ts";

async function readStage(argument: string): Promise<Stage> {
  const [name = "", exitCode, junitPath] = argument.split("=");
  const junit = junitPath === undefined ? null : await Deno.readTextFile(junitPath).catch(() => undefined);
  return { name, exitCode: Number(exitCode), junit };
}

const stages = await Promise.all(Deno.args.map(readStage));
for (const line of describeFailures(stages)) console.log(line);
for (const stage of stages) console.log(describeStage(stage));
const { passed, failed } = tally(stages);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 && passed > 0 ? 0 : 1);
