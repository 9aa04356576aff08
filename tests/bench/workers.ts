import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import { interleave, ratios } from "./rounds.ts";
import { startBenchStores } from "./s3_stores.ts";
import { awaitChildren, cpuOfAll, residentMemoryOf, type Server } from "./server.ts";
import { startSubject } from "./subject.ts";
import { microseconds, perSecond } from "./text.ts";
import { requests } from "./wrk.ts";

/** Numbers of workers that are compared with one process. */
const COUNTS = [2, 4] as const;

/** Clients of pushes. */
const CLIENTS = 16;

/** Images in a sample of pushes: one layer of 4 KiB each. */
const IMAGES = 200;

/** A registry with some number of workers. */
interface Subject {
  readonly server: Server;
  /** The process, and its workers if it has any. */
  readonly processes: readonly { pid: number }[];
  readonly paths: { manifest: string; blob: string };
}

/** Starts a registry with these settings. */
type Start = (settings: Readonly<Record<string, string>>) => Promise<Server>;

/** Rate, CPU and memory with several workers beside one process, on a folder and on S3 with DynamoDB. */
export async function workers(rounds: number): Promise<Figure[]> {
  await using stores = await startBenchStores();
  return [
    ...await compare("folder", (settings) => startSubject({ settings }), rounds),
    ...await compare("S3", (settings) => stores.startSubject(settings), rounds),
  ];
}

async function compare(place: string, start: Start, rounds: number): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const subjects = new Map<number, Subject>();
  for (const count of [1, ...COUNTS]) subjects.set(count, await startWith(count, start, stack));
  const idle = await Promise.all([...subjects.values()].map(memoryOf));
  const figures: Figure[] = [{
    name: `${place}: idle memory, 1, ${COUNTS.join(", ")} workers`,
    samples: idle,
    unit: "MiB",
    counts: "largest",
    detail: idle.map((mebibytes) => mebibytes.toFixed(0)).join(", "),
  }];
  const loads = { "manifest GET by tag": getManifest, "4 KiB blob GET": getBlob, "small image push": push };
  for (const [name, run] of Object.entries(loads)) {
    figures.push(...await compareLoad(`${place}: ${name}`, subjects, run, rounds));
  }
  return figures;
}

async function startWith(count: number, start: Start, stack: AsyncDisposableStack): Promise<Subject> {
  const server = stack.use(await start({ SKERRY_WORKERS: `${count}` }));
  // The first one has answered; the others start when it has opened the registry.
  const children = await awaitChildren(server, count > 1 ? count : 0);
  const paths = await load("pushTags", { port: server.port, repository: `bench/workers-${count}`, count: 1 });
  return { server, processes: [server, ...children], paths };
}

async function compareLoad(
  name: string,
  subjects: ReadonlyMap<number, Subject>,
  run: (subject: Subject, sample: number) => Promise<{ rate: number; count: number }>,
  rounds: number,
): Promise<Figure[]> {
  const cpu = new Map<number, number[]>([...subjects.keys()].map((count) => [count, []]));
  let sample = 0;
  const measure = (count: number, subject: Subject) => async () => {
    const before = await cpuOfAll(subject.processes);
    const result = await run(subject, sample++);
    cpu.get(count)!.push((await cpuOfAll(subject.processes) - before) / result.count);
    return result.rate;
  };
  const sides = [...subjects].map(([count, subject]) => [`${count}`, measure(count, subject)]);
  const rates = await interleave(rounds, Object.fromEntries(sides));
  // The first sample of a side warms it up.
  const cpuFor = (count: number) => cpu.get(count)!.slice(1);
  return COUNTS.flatMap((count): Figure[] => [{
    name: `${name}, ${count} workers: rate / 1`,
    samples: ratios(rates[count]!, rates[1]!),
    unit: "x",
    counts: "median",
    detail: `${perSecond(rates[count]!)}, 1 ${perSecond(rates[1]!)}`,
  }, {
    name: `${name}, ${count} workers: CPU / 1`,
    samples: ratios(cpuFor(count), cpuFor(1)),
    unit: "x",
    counts: "median",
    detail: `${microseconds(cpuFor(count))}, 1 ${microseconds(cpuFor(1))}`,
  }]);
}

function getManifest({ server, paths }: Subject) {
  return requests(server, paths.manifest.replace(/[^/]+$/, "image-0"));
}

function getBlob({ server, paths }: Subject) {
  return requests(server, paths.blob);
}

async function push({ server: { port } }: Subject, sample: number) {
  const images = {
    way: "put",
    size: 4096,
    layers: 1,
    count: IMAGES,
    clients: CLIENTS,
    known: false,
  } as const;
  const { seconds } = await load("pushImages", { port, prefix: `bench/pushes-${sample}`, ...images });
  return { rate: IMAGES / seconds, count: IMAGES };
}

async function memoryOf({ processes }: Subject): Promise<number> {
  const memory = await Promise.all(processes.map(residentMemoryOf));
  return memory.reduce((sum, mebibytes) => sum + mebibytes, 0);
}
