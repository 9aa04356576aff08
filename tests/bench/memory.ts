import type { Figure } from "./figure.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import type { PushMode } from "./load/push.ts";
import { fewRounds } from "./rounds.ts";
import { openFilesOf, peakMemoryOf, type Server } from "./server.ts";
import { startSubject } from "./subject.ts";

const MIB = 1024 * 1024;
const BLOB_BYTES = 100 * MIB;

/** So many clients in so many processes. */
const CLIENTS = 32;
const PROCESSES = 4;

/** Seconds for which slow clients read before they go away. */
const SLOW_SECONDS = 4;

const REPOSITORY = "bench/memory";

/** The most memory that the registry has resident while many clients push or pull. */
export async function memory(rounds: number): Promise<Figure[]> {
  await using content = await makeFolder();
  const paths = await fill(content);
  const figures: Figure[] = [];
  for (const [name, work] of Object.entries(SCENES)) {
    const samples: number[] = [];
    const left: number[] = [];
    for (let round = 0; round < fewRounds(rounds); round++) {
      // A process of its own each time, since what a process has once had it keeps.
      await using subject = await startSubject(name.includes("GET") ? { data: content } : {});
      await untilOpen(subject);
      const before = await openFilesOf(subject);
      await work(subject, paths);
      samples.push(await peakMemoryOf(subject));
      await new Promise((resolve) => setTimeout(resolve, 100));
      left.push(await openFilesOf(subject) - before);
    }
    figures.push({
      name: `${CLIENTS} concurrent ${name}: resident memory`,
      samples,
      unit: "MiB",
      counts: "largest",
      target: { atMost: 256 },
      detail: `files and sockets left open: ${Math.max(...left)}`,
    });
  }
  return figures;
}

const SCENES: Record<string, (subject: Server, paths: string[]) => Promise<unknown>> = {
  "100 MiB PUTs": (subject) => pushMany(subject, "put"),
  "100 MiB PATCHes": (subject) => pushMany(subject, "patch"),
  "100 MiB GETs": ({ port }, paths) => inProcesses((share) => load("pullAll", { port, paths: share(paths) })),
  "100 MiB GETs by slow readers": ({ port }, paths) => {
    return inProcesses(async (share) => {
      const taken = await load("pullSlowly", { port, paths: share(paths), seconds: SLOW_SECONDS });
      if (Math.max(...taken) >= BLOB_BYTES / 2) throw new Error("The slow readers are not slow");
    });
  },
};

/** Waits until the registry has opened what it keeps open. */
async function untilOpen({ port }: Server): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  await response.body?.cancel();
  if (!response.ok) throw new Error(`The registry is not ready: ${response.status}`);
}

/** Lets a process push blobs into a data folder, and answers the paths to pull them from. */
async function fill(data: Folder): Promise<string[]> {
  await using subject = await startSubject({ data });
  const digests = await pushMany(subject, "put");
  return digests.map((digest) => `/v2/${REPOSITORY}/blobs/${digest}`);
}

async function pushMany({ port }: Server, mode: PushMode): Promise<string[]> {
  const blobs = { mode, size: BLOB_BYTES, count: CLIENTS / PROCESSES, concurrent: true };
  return (await inProcesses(() => load("push", { ...blobs, port, repository: REPOSITORY }))).flat();
}

/** Does some work in every client process; `share` is the part of the paths that is its own. */
async function inProcesses<T>(work: (share: (paths: string[]) => string[]) => Promise<T>): Promise<T[]> {
  return await Promise.all(Array.from({ length: PROCESSES }, (_, i) => {
    return work((paths) => paths.filter((_, n) => n % PROCESSES === i));
  }));
}
