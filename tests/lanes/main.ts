/**
 * Runs the tests of the task `test:all`. Options of `deno test` go to each lane, except `--junit-path=<file>`, which is
 * one report of all. The exit code is 1 unless every lane passed.
 *
 * @module
 */

import { mergeReports } from "../junit/merge.ts";
import { describeStage } from "../junit/tally.ts";
import { LANES } from "./lanes.ts";
import { runLanes } from "./run_lanes.ts";

const JUNIT = "--junit-path=";
const junitPath = Deno.args.find((argument) => argument.startsWith(JUNIT))?.slice(JUNIT.length);
const options = Deno.args.filter((argument) => !argument.startsWith(JUNIT));

const stages = await runLanes(LANES, options, (line) => console.log(line));
if (junitPath !== undefined) await Deno.writeTextFile(junitPath, mergeReports(stages));
for (const stage of stages) console.log(describeStage(stage));
Deno.exit(stages.every(({ exitCode }) => exitCode === 0) ? 0 : 1);
