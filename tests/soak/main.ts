/**
 * Pushes, pulls, deletes, moves tags and aborts uploads for some minutes, and shows whether memory, files, items, objects
 * and disk stay flat after the first grace periods; exit code 1 where they do not.
 *
 * ```sh
 * deno task soak                                   # 4 minutes, on the folder and on S3
 * deno task soak --minutes=60 --storage=folder
 * deno task soak --churn --every=0 --clients=6 --grace=120 --interval=30 --minutes=12
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { CHURN, EVERYTHING } from "./client.ts";
import { type Sample, soak } from "./soak.ts";
import type { Storage } from "./subject.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "4" },
    storage: { type: "string", default: "folder,s3" },
    clients: { type: "string", default: "4" },
    grace: { type: "string", default: "20" },
    interval: { type: "string", default: "10" },
    every: { type: "string", default: "200" },
    churn: { type: "boolean", default: false },
    log: { type: "boolean", default: false },
  },
});
const [minutes, clients, grace, interval, every] = [
  values.minutes,
  values.clients,
  values.grace,
  values.interval,
  values.every,
].map(Number) as [number, number, number, number, number];
if (![minutes, clients, grace, interval, every].every((value) => Number.isFinite(value) && value >= 0)) {
  throw new RangeError("Cannot run the soak: an option is no number");
}

const COLUMNS = ["at", "images", "push", "memory", "files", "items", "objects", "disk"] as const;
const HEADINGS = ["seconds", "images", "push ms", "memory MiB", "files", "items", "objects", "disk MiB"];
const WIDTH_COLUMNS = 11;

function show(sample: Sample): void {
  console.log(COLUMNS.map((column) => sample[column].toFixed(0).padStart(WIDTH_COLUMNS)).join(""));
}

let failed = false;
for (const storage of values.storage.split(",") as Storage[]) {
  console.log(`\n${storage}, ${clients} clients, grace ${grace} s, interval ${interval} s`);
  console.log(HEADINGS.map((heading) => heading.padStart(WIDTH_COLUMNS)).join(""));
  const mix = values.churn ? CHURN : EVERYTHING;
  const seconds = minutes * 60;
  const report = await soak({ storage, seconds, clients, grace, interval, every, mix, sampled: show });
  if (values.log) console.log(report.log.split("\n").filter((line) => line.includes("arbage")).join("\n"));
  for (const problem of report.problems) console.log(`Failed: ${problem}`);
  failed ||= report.problems.length > 0;
}
Deno.exit(failed ? 1 : 0);
