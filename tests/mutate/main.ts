/**
 * Makes mistakes in the source, one at a time in a copy of it, and lists those that no test notices. Exit code 1 where
 * one survives that `accepted.json` does not name.
 *
 * ```sh
 * deno task mutate                                   # 50 of all mistakes
 * deno task mutate --seed=7 --count=300              # others, and more of them
 * deno task mutate --only=registry/uploads/          # of one file or folder
 * deno task mutate --id=1c39e2b7aa,5f0a7c11d2        # these again
 * ```
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { seeded } from "../random.ts";
import { obsoleteOf, readAccepted } from "./accepted.ts";
import { mistakesIn } from "./mistakes.ts";
import { describeChange, type Mistake } from "./mistake.ts";
import { Coverage } from "./coverage.ts";
import { FOLDERS, groupsOf, stageOf } from "./stages.ts";
import { trackedFiles, Tree } from "./tree.ts";
import { type Outcome, Trial } from "./trial.ts";

/** Tests hang if they take so many times as long as without a mistake, and at least so many milliseconds. */
const SLOWDOWN_FACTOR = 10;
const MIN_LIMIT_MS = 30_000;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "50" },
    only: { type: "string", default: "" },
    id: { type: "string", default: "" },
    workers: { type: "string", default: String(navigator.hardwareConcurrency) },
    limit: { type: "string", default: "180" },
    report: { type: "string", default: "" },
    list: { type: "boolean", default: false },
  },
});
const [seed, count, workers, limit] = [values.seed, values.count, values.workers, values.limit].map(
  Number,
) as [
  number,
  number,
  number,
  number,
];
if (![seed, count, workers, limit].every(Number.isSafeInteger)) {
  throw new RangeError("Cannot run it: not whole numbers");
}

const files = await trackedFiles(ROOT);
const tests = files.filter((file) => file.endsWith("_test.ts"));
const sources = files.filter((file) => FOLDERS.includes(file.split("/", 1)[0]!))
  .filter((file) => /\.ts$/.test(file) && !/_test\.ts$|testing|\/contract\//.test(file));
const all: Mistake[] = [];
for (const file of sources) all.push(...mistakesIn(file, await Deno.readTextFile(`${ROOT}${file}`)));
const accepted = await readAccepted();
const sample = sampled(all);

if (values.list) {
  for (const mistake of sample) console.log(line(mistake));
  Deno.exit(0);
}
for (const { id, file, change } of obsoleteOf(accepted, all)) {
  console.log(`accepted.json names what can't be made any more: ${id} ${file}  ${change}`);
}
Deno.exit(await run() ? 0 : 1);

/** The mistakes that were asked for, in the order in which they are tried. */
function sampled(mistakes: readonly Mistake[]): Mistake[] {
  if (values.id !== "") {
    const ids = new Set(values.id.split(","));
    return mistakes.filter(({ id }) => ids.has(id));
  }
  const random = seeded(seed);
  const rest = mistakes.filter(({ file }) => file === values.only || file.startsWith(values.only));
  for (let i = rest.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [rest[i], rest[j]] = [rest[j]!, rest[i]!];
  }
  return rest;
}

/** Tries mistakes until `count` of them were fit to be tried, and tells whether tests noticed each. */
async function run(): Promise<boolean> {
  const started = performance.now();
  await using trees = new AsyncDisposableStack();
  const coverage = new Coverage();
  const stages = (mistake: Mistake) =>
    coverage.select(groupsOf(mistake.file, tests), mistake).map((files) => ({
      ...stageOf(files),
      limit: Math.max(MIN_LIMIT_MS, SLOWDOWN_FACTOR * coverage.timeOf(files)),
    }));
  const trials: Trial[] = [];
  for (let i = 0; i < workers; i++) {
    const tree = trees.use(await Tree.copy(ROOT));
    trials.push(new Trial(tree, stages, limit * 1000));
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      for (const trial of trials) trial.end();
      Deno.exit(130);
    });
  }
  await measure(trials, coverage);

  const queue = [...sample];
  const tally = { killed: 0, survived: 0, accepted: 0, invalid: 0 };
  const survivors: Mistake[] = [];
  const isDone = () => queue.length === 0 || tally.killed + tally.survived + tally.accepted >= count;
  // Each round takes as many as are still missing: which ones are tried does not depend on which end first.
  while (!isDone()) {
    const missing = count - tally.killed - tally.survived - tally.accepted;
    const round = queue.splice(0, values.id === "" ? missing : queue.length).values();
    await Promise.all(trials.map(async (trial) => {
      for (const mistake of round) {
        const { id } = mistake;
        const outcome = await trial.run(mistake);
        const isAccepted = outcome.result === "survived" && accepted.has(id);
        tally[isAccepted ? "accepted" : outcome.result]++;
        if (outcome.result === "survived" && !isAccepted) survivors.push(mistake);
        await report(mistake, outcome);
      }
    }));
  }

  for (const mistake of survivors) console.log(`Survived: ${line(mistake)}`);
  if (survivors.length > 0) {
    console.log(`Again: deno task mutate --id=${survivors.map(({ id }) => id).join(",")}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const counts = `${tally.killed} killed, ${tally.survived} survived, ${tally.accepted} accepted`;
  console.log(`Of ${all.length} mistakes in ${seconds} s: ${counts}; ${tally.invalid} did not type-check`);
  return survivors.length === 0;
}

/** Measures what each test file runs. Throws where one fails without a mistake: then it would seem to notice every one. */
async function measure(trials: readonly Trial[], coverage: Coverage): Promise<void> {
  const rooms = new Set(sample.slice(0, count).map(({ file }) => file));
  const queue = new Set([...rooms].flatMap((file) => groupsOf(file, tests).flat())).values();
  await Promise.all(trials.map(async (trial) => {
    for (const test of queue) {
      const started = performance.now();
      const ran = await trial.cover(stageOf([test]));
      coverage.add(test, ran, performance.now() - started);
    }
  }));
}

async function report(mistake: Mistake, outcome: Outcome): Promise<void> {
  const end = outcome.result === "killed" ? `killed by ${outcome.by}: ${outcome.failure}` : outcome.result;
  if (Deno.stderr.isTerminal()) console.error(`${line(mistake)}: ${end}`);
  if (values.report === "") return;
  const text = JSON.stringify({ ...mistake, ...outcome });
  await Deno.writeTextFile(values.report, `${text}\n`, { append: true });
}

function line(mistake: Mistake): string {
  const { id, file, line, within, kind } = mistake;
  return `${id} ${file}:${line} ${within} ${kind}: ${describeChange(mistake)}`;
}
