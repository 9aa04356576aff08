import { type Figure, median } from "./figure.ts";
import { makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import type { PushMode } from "./load/push.ts";
import { interleave, ratios, sides } from "./rounds.ts";
import { cpuOf, type Server, startServer } from "./server.ts";
import { startSubject } from "./subject.ts";
import { milliseconds } from "./text.ts";

const SIZE = 100 * 1024 * 1024;

/** Blobs in one sample: CPU time is told in hundredths of a second. */
const PUSHES = 3;

/** What `baseline/upload.ts` knows. */
const WAYS = ["/each-chunk", "/blocks", "/blocks-sync"] as const;

const NAMES: Record<PushMode, string> = { put: "100 MiB PUT", patch: "100 MiB PATCH and empty PUT" };

/** Blob pushes beside the cheapest way in which Deno takes, hashes and keeps the same bytes. */
export async function blobPush(rounds: number): Promise<Figure[]> {
  await using folder = await makeFolder();
  await using subject = await startSubject();
  await using bare = await startServer({
    script: "tests/bench/baseline/upload.ts",
    env: { FOLDER: folder.path, SIZE: `${SIZE}` },
  });
  const cpu = (server: Server, work: () => Promise<unknown>) => async () => {
    const before = await cpuOf(server);
    await work();
    const used = await cpuOf(server) - before;
    await folder.empty();
    return used / PUSHES;
  };
  const figures: Figure[] = [];
  for (const mode of ["put", "patch"] as const) {
    const blobs = { mode, size: SIZE, count: PUSHES };
    const times = await interleave(rounds, {
      subject: cpu(subject, () => {
        return load("push", { ...blobs, port: subject.port, repository: "bench/push", concurrent: false });
      }),
      local: cpu(bare, async () => {
        for (let i = 0; i < PUSHES; i++) await load("pull", { port: bare.port, path: "/no-http", times: 0 });
      }),
      ...sides(WAYS, (path) => cpu(bare, () => load("send", { ...blobs, port: bare.port, path }))),
    });
    const best = WAYS.toSorted((a, b) => median(times[a]) - median(times[b]))[0]!;
    figures.push({
      name: `${NAMES[mode]}: CPU / best bare handler`,
      samples: ratios(times.subject, times[best]),
      unit: "x",
      counts: "median",
      target: { atMost: 1.3 },
      detail: (["subject", ...WAYS] as const).map((side) => {
        return `${side === best ? `best ${side}` : side} ${milliseconds(times[side])}`;
      }).join(", "),
    }, {
      name: `${NAMES[mode]}: CPU / hash and file without HTTP`,
      samples: ratios(times.subject, times.local),
      unit: "x",
      counts: "median",
      detail: `without HTTP ${milliseconds(times.local)}`,
    });
  }
  return figures;
}
