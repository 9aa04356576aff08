/**
 * Simulates many runs, each with another seed. The exit code is 1 after a violation.
 *
 * ```sh
 * deno task simulate                             # 10,000 runs
 * deno task simulate --count=1000000 --seed=1    # as docs/simulation.md tells of them
 * deno task simulate --seed=138194 --count=1     # one of them again, with all that happens in it
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Failure } from "./search.ts";

/** Request to a worker, and its answer. */
export interface Task {
  from: number;
  count: number;
}

/** Result of the runs. */
export interface Result {
  count: number;
  failures: Failure[];
}

/** Runs of one task, so that a worker reports regularly. */
const BATCH_RUNS = 2000;

/** Failures that are printed with every step; the others get a line each. */
const WHOLE_REPORTS = 3;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "10000" },
    workers: { type: "string", default: String(navigator.hardwareConcurrency) },
  },
});
const [seed, count, workers] = [values.seed, values.count, values.workers].map(Number) as [
  number,
  number,
  number,
];
if (![seed, count, workers].every(Number.isSafeInteger)) {
  throw new RangeError("Cannot run it: not whole numbers");
}

function* tasks(): Generator<Task> {
  for (let from = seed; from < seed + count; from += BATCH_RUNS) {
    yield { from, count: Math.min(BATCH_RUNS, seed + count - from) };
  }
}

const started = performance.now();
const queue = tasks();
let [done, failed] = [0, 0];

/** Prints a failure as soon as it is found, because many runs take hours. */
function print({ name, report }: Failure): void {
  failed++;
  console.log(failed <= WHOLE_REPORTS ? `${name}: ${report}\n` : `${name}: ${report.split("\n", 1)}`);
}

async function work(): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
  for (const task of queue) {
    const result = await new Promise<Result>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Result>) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(task);
    });
    done += result.count;
    result.failures.forEach(print);
    if (Deno.stderr.isTerminal()) console.error(`${done} of ${count} runs, ${failed} failed`);
  }
  worker.terminate();
}

await Promise.all(Array.from({ length: workers }, work));
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(`Seeds ${seed} to ${seed + count - 1}: ${done} runs in ${seconds} s, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
