import { type Figure, median } from "./figure.ts";
import { findFile, makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import { interleave, ratios } from "./rounds.ts";
import { startBenchStores } from "./s3_stores.ts";
import { cpuOf, type Server, startServer } from "./server.ts";
import { startSubject } from "./subject.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A blob, and the GETs of one measurement: enough for a few hundred milliseconds of CPU time. */
interface Blob {
  readonly text: string;
  readonly size: number;
  readonly count: number;
}

/** The registry keeps the bytes of the first two in memory. */
const BLOBS: readonly Blob[] = [
  { text: "4 KiB", size: 4 * KIB, count: 1000 },
  { text: "64 KiB", size: 64 * KIB, count: 600 },
  { text: "128 KiB", size: 128 * KIB, count: 500 },
  { text: "1 MiB", size: MIB, count: 200 },
  { text: "10 MiB", size: 10 * MIB, count: 30 },
  { text: "100 MiB", size: 100 * MIB, count: 4 },
];

/** GETs at a time. */
const CLIENTS = 4;

/** A path of a server. */
interface Target {
  readonly server: Server;
  readonly path: string;
}

/** A blob in the registry and behind a handler that does nothing else than send it. */
interface Pair {
  readonly blob: Blob;
  readonly registry: Target;
  readonly bare: Target;
}

/** CPU time of blob GETs beside a handler that hands on the same body, from S3 and from a folder. */
export async function pullCost(rounds: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [place, start] of [["S3", startOnS3], ["a folder", startOnFolder]] as const) {
    await using stack = new AsyncDisposableStack();
    for (const pair of await start(stack)) {
      for (const reconnects of [false, true]) figures.push(await measure(pair, place, reconnects, rounds));
    }
  }
  return figures;
}

async function measure(
  { blob: { text, count }, registry, bare }: Pair,
  place: string,
  reconnects: boolean,
  rounds: number,
): Promise<Figure> {
  const cpuOfGet = ({ server, path }: Target) => async () => {
    const before = await cpuOf(server);
    const { port } = server;
    const requests = { port, method: "GET", status: 200, paths: [path] } as const;
    await load("sendRequests", { ...requests, clients: CLIENTS, amount: { count }, reconnects });
    return (await cpuOf(server) - before) / count;
  };
  const cpu = await interleave(rounds, { registry: cpuOfGet(registry), bare: cpuOfGet(bare) });
  return {
    name: `${text} GET from ${place}, ${reconnects ? "new" : "kept"} connections: CPU / bare`,
    samples: ratios(cpu.registry, cpu.bare),
    unit: "x",
    counts: "median",
    target: { atMost: 1.1 },
    detail: `${median(cpu.registry).toFixed(2)} ms, bare ${median(cpu.bare).toFixed(2)} ms`,
  };
}

async function startOnS3(stack: AsyncDisposableStack): Promise<Pair[]> {
  const stores = stack.use(await startBenchStores());
  // The reads of the table are no part of the comparison.
  const server = stack.use(await stores.startSubject({ SKERRY_CACHE_AGE: "1h" }));
  const pairs: { blob: Blob; registry: Target }[] = [];
  const keys: string[] = [];
  for (const blob of BLOBS) {
    pairs.push({ blob, registry: { server, path: await push(server, blob) } });
    keys.push((await stores.keys()).find((key) => !keys.includes(key))!);
  }
  const urls = await Promise.all(keys.map((key) => stores.readUrl(key)));
  const bare = stack.use(await stores.startBare({ OBJECT_URLS: JSON.stringify(urls) }));
  return pairs.map((pair, i) => ({ ...pair, bare: { server: bare, path: `/object/${i}` } }));
}

async function startOnFolder(stack: AsyncDisposableStack): Promise<Pair[]> {
  const data = stack.use(await makeFolder());
  const server = stack.use(await startSubject({ data }));
  const pairs: Pair[] = [];
  for (const blob of BLOBS) {
    const path = await push(server, blob);
    const env = { FILE: await findFile(data.path, blob.size) };
    const bare = stack.use(await startServer({ script: "tests/bench/baseline/file.ts", env }));
    pairs.push({ blob, registry: { server, path }, bare: { server: bare, path: "/read-256k" } });
  }
  return pairs;
}

/** Pushes a blob of the size; answers its path. */
async function push({ port }: Server, { size }: Blob): Promise<string> {
  const repository = "bench/pull";
  const blob = { mode: "put", size, count: 1, concurrent: false } as const;
  const [digest] = await load("push", { ...blob, port, repository });
  return `/v2/${repository}/blobs/${digest}`;
}
