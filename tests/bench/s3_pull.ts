import { type Figure, median } from "./figure.ts";
import { load } from "./load/mod.ts";
import { ratios } from "./rounds.ts";
import { type BenchStores, startBenchStores } from "./s3_stores.ts";
import { cpuOf, type Server } from "./server.ts";

const MIB = 1024 * 1024;
const BLOB_BYTES = 256 * MIB;

/** Pulls from each side in a round. The quickest counts: whatever else the machine does only ever makes one slower. */
const PULLS = 5;

const REPOSITORY = "bench/s3";

/** A server that the object is pulled from, and the results of each round. */
interface Runner {
  readonly server: Server;
  readonly path: string;
  readonly rates: number[];
  readonly cpu: number[];
}

/** Blob GETs from S3 beside a handler that hands on the body of a `fetch` of the same object. */
export async function s3Pull(rounds: number): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const stores = stack.use(await startBenchStores());
  const subject = stack.use(await stores.startSubject());
  const path = await pushOne(subject);
  const bare = stack.use(await stores.startBare({ OBJECT_URLS: JSON.stringify([await readUrl(stores)]) }));
  const registry: Runner = { server: subject, path, rates: [], cpu: [] };
  const handler: Runner = { server: bare, path: "/object/0", rates: [], cpu: [] };
  for (let round = 0; round < rounds; round++) await measure([registry, handler]);
  return [{
    name: "256 MiB GET from S3: throughput / bare fetch",
    samples: ratios(registry.rates, handler.rates),
    unit: "x",
    counts: "median",
    target: { atLeast: 0.9 },
    detail: `${rateOf(registry)}, bare ${rateOf(handler)}`,
  }, {
    name: "256 MiB GET from S3: CPU / bare fetch",
    samples: ratios(registry.cpu, handler.cpu),
    unit: "x",
    counts: "median",
    target: { atMost: 1.15 },
    detail: `${cpuTextOf(registry)}, bare ${cpuTextOf(handler)}`,
  }];
}

/** One round: both in turn. */
async function measure(runners: Runner[]): Promise<void> {
  const before = await Promise.all(runners.map(({ server }) => cpuOf(server)));
  const targets = runners.map(({ server, path }) => ({ port: server.port, path }));
  const seconds = await load("race", { targets, times: PULLS });
  for (const [i, { server, rates, cpu }] of runners.entries()) {
    rates.push(BLOB_BYTES / MIB / Math.min(...seconds[i]!));
    cpu.push((await cpuOf(server) - before[i]!) / (PULLS + 1)); // one more came before those that count
  }
}

async function pushOne({ port }: Server): Promise<string> {
  const blob = { mode: "put", size: BLOB_BYTES, count: 1, concurrent: false } as const;
  const [digest] = await load("push", { ...blob, port, repository: REPOSITORY });
  return `/v2/${REPOSITORY}/blobs/${digest}`;
}

/** A signed URL of the only object that there is. */
async function readUrl(stores: BenchStores): Promise<string> {
  const [key, another] = await stores.keys();
  if (key === undefined || another !== undefined) throw new Error("The blob is not the only object");
  return await stores.readUrl(key);
}

function rateOf({ rates }: Runner): string {
  return `${median(rates).toFixed(0)} MiB/s`;
}

function cpuTextOf({ cpu }: Runner): string {
  return `${median(cpu).toFixed(0)} ms CPU`;
}
