import { type Figure, median } from "./figure.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import { interleave, type Measure, ratios, sides } from "./rounds.ts";
import { cpuOf, type Server, startServer } from "./server.ts";
import { startSubject } from "./subject.ts";
import { milliseconds } from "./text.ts";

const BLOB_BYTES = 100 * 1024 * 1024;

/** Blobs in one sample: CPU time is told in hundredths of a second. */
const PUSHES = 3;

const NAMES = { put: "100 MiB PUT", patch: "100 MiB PATCH and empty PUT" };

/** Capabilities of `baseline/upload.ts` with each kind of body. */
const WAYS = {
  put: ["/chunks", "/views-64k"],
  patch: ["/chunks", "/views-8k"],
};

/** Blob pushes beside the cheapest way in which Deno takes, hashes and keeps the same bytes. */
export async function blobPush(rounds: number): Promise<Figure[]> {
  await using folder = await makeFolder();
  await using data = await makeFolder();
  await using subject = await startSubject({ data });
  await using bare = await startServer({
    script: "tests/bench/baseline/upload.ts",
    env: { FOLDER: folder.path, BLOB_BYTES: `${BLOB_BYTES}` },
  });
  const figures: Figure[] = [];
  for (const mode of ["put", "patch"] as const) {
    const blobs = { mode, size: BLOB_BYTES, count: PUSHES };
    const push = { ...blobs, port: subject.port, repository: "bench/push", concurrent: false };
    const ways = WAYS[mode];
    const times: Record<string, number[]> = await interleave(rounds, {
      subject: cpu(subject, data, () => load("push", push)),
      local: cpu(bare, folder, () => load("pull", { port: bare.port, path: "/no-http", times: PUSHES })),
      ...sides(ways, (path) => cpu(bare, folder, () => load("send", { ...blobs, port: bare.port, path }))),
    });
    const [registry = [], local = []] = [times.subject, times.local];
    const best = ways.toSorted((a, b) => median(times[a]!) - median(times[b]!))[0]!;
    figures.push({
      name: `${NAMES[mode]}: CPU / best bare handler`,
      samples: ratios(registry, times[best]!),
      unit: "x",
      counts: "median",
      target: { atMost: 1.3 },
      detail: ["subject", ...ways].map((side) => {
        return `${side === best ? `best ${side}` : side} ${milliseconds(times[side]!)}`;
      }).join(", "),
    }, {
      name: `${NAMES[mode]}: CPU / hash and file without HTTP`,
      samples: ratios(registry, local),
      unit: "x",
      counts: "median",
      detail: `without HTTP ${milliseconds(local)}`,
    });
  }
  return figures;
}

/**
 * The CPU time of one blob, in milliseconds. What was written is deleted afterwards, so that both sides write to memory
 * that has been in use: in a virtual machine fresh memory may cost as much as all the rest.
 */
function cpu(server: Server, folder: Folder, work: () => Promise<unknown>): Measure {
  return async () => {
    const before = await cpuOf(server);
    await work();
    const used = await cpuOf(server) - before;
    await folder.deleteFiles(BLOB_BYTES);
    return used / PUSHES;
  };
}
