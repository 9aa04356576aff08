import { type Figure, median } from "./figure.ts";
import { load } from "./load/mod.ts";
import type { PushMode } from "./load/push.ts";
import { interleave, type Measure, ratios, sides } from "./rounds.ts";
import { type BenchStores, startBenchStores } from "./s3_stores.ts";
import { cpuOf, type Server } from "./server.ts";
import { milliseconds } from "./text.ts";

const MIB = 1024 * 1024;

/** Bytes of a chunk that `Content-Range` announces, and how many there are. */
const CHUNK_BYTES = 32 * MIB;
const CHUNKS = 8;

const BLOB_BYTES = CHUNK_BYTES * CHUNKS;

/** Blobs in one sample: CPU time is told in hundredths of a second. */
const PUSHES = 2;

/** Way of a blob, and how the handler gets and reads the same bytes. */
interface Scene {
  readonly name: string;
  readonly push: (server: Server) => Promise<unknown>;
  readonly mode: PushMode;
  /** Capabilities of `baseline/s3_bare.ts` with such a body. */
  readonly ways: string[];
}

const TO = { repository: "bench/s3" };

const SCENES: Scene[] = [
  {
    name: "PATCH of unknown length",
    push: ({ port }) =>
      load("push", { ...TO, port, mode: "patch", size: BLOB_BYTES, count: PUSHES, concurrent: false }),
    mode: "patch",
    ways: ["/views8k-fetch", "/views8k-node"],
  },
  {
    name: "PATCH of known length",
    push: ({ port }) =>
      load("push", { ...TO, port, mode: "sized-patch", size: BLOB_BYTES, count: PUSHES, concurrent: false }),
    mode: "sized-patch",
    ways: ["/views64k-fetch", "/views64k-node"],
  },
  {
    name: "in PATCHes of 32 MiB",
    async push({ port }) {
      for (let i = 0; i < PUSHES; i++) {
        await load("chunks", { ...TO, port, size: CHUNK_BYTES, count: CHUNKS, ranges: true });
      }
    },
    mode: "sized-patch",
    ways: ["/views64k-fetch", "/views64k-node"],
  },
];

/** Blobs that go to S3 in parts beside a handler that hashes the same bytes and uploads them in equal parts. */
export async function s3Patch(rounds: number): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const stores = stack.use(await startBenchStores());
  const subject = stack.use(await stores.startSubject());
  const bare = stack.use(await stores.startBare());
  const figures: Figure[] = [];
  for (const { name, push, mode, ways } of SCENES) {
    const send = (path: string) =>
      load("send", { port: bare.port, path, mode, size: BLOB_BYTES, count: PUSHES });
    const times: Record<string, number[]> = await interleave(rounds, {
      subject: cpu(subject, stores, () => push(subject)),
      ...sides(ways, (path) => cpu(bare, stores, () => send(path))),
    });
    const best = ways.toSorted((a, b) => median(times[a]!) - median(times[b]!))[0]!;
    figures.push({
      name: `256 MiB ${name} to S3: CPU / hash and parts`,
      samples: ratios(times.subject!, times[best]!),
      unit: "x",
      counts: "median",
      target: { atMost: 1.4 },
      detail: ["subject", ...ways].map((side) => {
        return `${side === best ? `best ${side}` : side} ${milliseconds(times[side]!)}`;
      }).join(", "),
    });
  }
  return figures;
}

/** The CPU time of one blob, in milliseconds. */
function cpu(server: Server, stores: BenchStores, work: () => Promise<unknown>): Measure {
  return async () => {
    const before = await cpuOf(server);
    await work();
    const used = await cpuOf(server) - before;
    await stores.clear();
    return used / PUSHES;
  };
}
