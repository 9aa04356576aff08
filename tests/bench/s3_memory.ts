import type { Figure } from "./figure.ts";
import { load } from "./load/mod.ts";
import type { PushMode } from "./load/push.ts";
import { startBenchStores } from "./s3_stores.ts";
import { openFilesOf, peakMemoryOf, type Server } from "./server.ts";

const BLOB_BYTES = 100 * 1024 * 1024;

/** So many clients in so many processes. */
const CLIENTS = 32;
const PROCESSES = 4;

const SCENES: Record<PushMode, string> = {
  put: "PUTs",
  patch: "PATCHes of unknown length",
  "sized-patch": "PATCHes of known length",
};

/** The most memory that the registry has resident while many clients push to S3. */
export async function s3Memory(rounds: number): Promise<Figure[]> {
  await using stores = await startBenchStores();
  const figures: Figure[] = [];
  for (const [mode, name] of Object.entries(SCENES) as [PushMode, string][]) {
    const samples: number[] = [];
    const left: number[] = [];
    for (let round = 0; round < rounds; round++) {
      // A process of its own each time, since what a process has once had it keeps.
      await using subject = await stores.startSubject();
      const before = await openFilesOf(subject);
      await pushMany(subject, mode);
      samples.push(await peakMemoryOf(subject));
      left.push(await openFilesOf(subject) - before);
      await stores.clear();
    }
    figures.push({
      name: `${CLIENTS} concurrent 100 MiB ${name} to S3: resident memory`,
      samples,
      unit: "MiB",
      counts: "largest",
      target: { atMost: 256 },
      detail: `files and sockets left open, idle connections included: ${Math.max(...left)}`,
    });
  }
  return figures;
}

async function pushMany({ port }: Server, mode: PushMode): Promise<void> {
  const blobs = { mode, size: BLOB_BYTES, count: CLIENTS / PROCESSES, concurrent: true };
  await Promise.all(Array.from({ length: PROCESSES }, () => {
    return load("push", { ...blobs, port, repository: "bench/s3-memory" });
  }));
}
