import { type Counts, type Mix, runClient } from "./client.ts";
import { growthOf } from "./flat.ts";
import { startSubject, type Storage, type Subject } from "./subject.ts";

/** Options of {@linkcode soak}; times in seconds. */
export interface SoakOptions {
  storage: Storage;
  /** Duration of the run of the clients. */
  seconds: number;
  /** `SKERRY_GRACE`, and how long uploads are kept. */
  grace: number;
  /** `SKERRY_COLLECT_INTERVAL`. */
  interval: number;
  clients: number;
  mix: Mix;
  /** Milliseconds from one action of a client to the next, at least. */
  every: number;
  /** Told of each sample. */
  sampled?: (sample: Sample) => void;
}

/** A sample of what is stored. */
export interface Sample {
  /** Seconds since the beginning. */
  at: number;
  /** Images that were pushed until then. */
  images: number;
  /** Median milliseconds of a push. */
  push: number;
  /** Resident memory of the registry, in MiB. */
  memory: number;
  /** Files and sockets that the registry has open. */
  files: number;
  /** Items of the table. */
  items: number;
  /** Objects of the store. */
  objects: number;
  /** MiB of the data folder, or of the bucket. */
  disk: number;
}

/** Result of a soak. */
export interface SoakReport {
  samples: Sample[];
  /** Why it failed; empty where it did not. */
  problems: string[];
  log: string;
}

/** The series that must be flat, with what chance may add to each. */
const HELD = { memory: 64, files: 32 } satisfies Partial<Record<keyof Sample, number>>;

/**
 * The series that must be flat for each image that was pushed within the time that garbage may stay: clients are not
 * equally fast all the time. With what chance may add to each.
 */
const STORED = { items: 0.5, objects: 0.2, disk: 0.1 } satisfies Partial<Record<keyof Sample, number>>;

/** Images that a client keeps. */
const KEPT_IMAGES = 10;

/** Runs clients against a registry, and looks whether what it stores and holds stays the same. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { storage, seconds, grace, interval } = options;
  await using subject = await startSubject(storage, {
    SKERRY_GRACE: `${grace}s`,
    SKERRY_UPLOAD_EXPIRY: `${grace}s`,
    SKERRY_DEADLINE: `${Math.min(60, Math.floor(grace / 4))}s`,
    SKERRY_COLLECT_INTERVAL: `${interval}s`,
    SKERRY_SWEEP_INTERVAL: `${interval}s`,
    SKERRY_LOG: "json",
  });
  const counts: Counts = { images: 0, pushes: [], failures: [] };
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const stopped = () => elapsed() >= seconds;
  const running = Array.from({ length: options.clients }, (_, i) =>
    runClient({
      url: subject.registry.url,
      repository: `soak/client-${i}`,
      mix: options.mix,
      keep: KEPT_IMAGES,
      every: options.every,
      counts,
      stopped,
    }));
  const samples: Sample[] = [];
  const gap = Math.max(1, Math.min(15, seconds / 40)) * 1000;
  while (!stopped()) {
    await new Promise((resolve) => setTimeout(resolve, gap));
    const sample = await takeSample(subject, counts, elapsed());
    samples.push(sample);
    options.sampled?.(sample);
  }
  await Promise.all(running);
  return { samples, problems: problemsOf(samples, counts, options), log: subject.registry.log() };
}

async function takeSample({ registry, items, objects, disk }: Subject, counts: Counts, at: number) {
  const [itemCount, files, bytes] = await Promise.all([
    items(),
    output("find", [objects, "-type", "f", "-printf", "."]),
    output("du", ["-s", "-B1", disk]),
  ]);
  return {
    at,
    images: counts.images,
    push: counts.pushes.toSorted((a, b) => a - b)[counts.pushes.length >> 1] ?? 0,
    memory: await memoryOf(registry.pid),
    files: [...Deno.readDirSync(`/proc/${registry.pid}/fd`)].length,
    items: itemCount,
    objects: files.length,
    disk: parseInt(bytes) / 2 ** 20,
  };
}

/** Standard output of a program; files that go while it looks at them are no failure. */
async function output(program: string, args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

async function memoryOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}

function problemsOf(
  samples: Sample[],
  counts: Counts,
  { grace, interval, clients }: SoakOptions,
): string[] {
  const most = 2 * grace + interval;
  const problems = [
    ...Object.entries(HELD).flatMap(([name, slack]) => {
      const points = samples.map((sample) => ({ at: sample.at, value: sample[name as keyof typeof HELD] }));
      return describe(name, growthOf(points, { warmUp: most, slack }));
    }),
    ...Object.entries(STORED).flatMap(([name, slack]) => {
      const points = samples.map((sample) => {
        const before = samples.findLast(({ at }) => at <= sample.at - most)?.images ?? 0;
        const value = sample[name as keyof typeof STORED] / (sample.images - before + clients * KEPT_IMAGES);
        return { at: sample.at, value };
      });
      return describe(`${name} for each recent image`, growthOf(points, { warmUp: most, slack }));
    }),
  ];
  if (counts.images === 0) problems.push("no image was pushed");
  const [failure] = counts.failures;
  if (failure !== undefined) problems.push(`${counts.failures.length} requests failed: ${failure}`);
  return problems;
}

function describe(name: string, growth: string | undefined): string[] {
  return growth === undefined ? [] : [`${name} is not flat: ${growth}`];
}
