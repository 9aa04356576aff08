import { type Figure, median } from "./figure.ts";
import { makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import { interleave, ratios, sides } from "./rounds.ts";
import { cpuOf, type Server, startServer } from "./server.ts";
import { startSubject } from "./subject.ts";

const MIB = 1024 * 1024;
const SIZE = 100 * MIB;

/** Pulls in one sample; what counts is the quickest, which least else came between. */
const PULLS = 5;

/** What `baseline/file.ts` knows. */
const WAYS = ["/readable", "/read-256k", "/read-512k", "/read-1m", "/read-sync-256k"] as const;

/** Blob GETs beside the quickest way in which Deno sends a file. */
export async function blobPull(rounds: number): Promise<Figure[]> {
  await using folder = await makeFolder();
  await using subject = await startSubject();
  const [digest] = await load("push", {
    port: subject.port,
    repository: "bench/blob",
    mode: "put",
    size: SIZE,
    count: 1,
    concurrent: false,
  });
  const path = `/v2/bench/blob/blobs/${digest}`;
  const file = `${folder.path}/blob`;
  await download(`http://127.0.0.1:${subject.port}${path}`, file);
  await using bare = await startServer({ script: "tests/bench/baseline/file.ts", env: { FILE: file } });

  const cpu: Record<string, number[]> = {};
  const pulls = (server: Server, path: string, side: string) => async () => {
    const before = await cpuOf(server);
    const seconds = await load("pull", { port: server.port, path, times: PULLS });
    (cpu[side] ??= []).push((await cpuOf(server) - before) / (PULLS + 1));
    return SIZE / MIB / Math.min(...seconds);
  };
  const rates = await interleave(rounds, {
    subject: pulls(subject, path, "subject"),
    ...sides(WAYS, (way) => pulls(bare, way, way)),
  });
  const best = WAYS.toSorted((a, b) => median(rates[b]) - median(rates[a]))[0]!;
  return [{
    name: "100 MiB blob GET: throughput / best bare handler",
    samples: ratios(rates.subject, rates[best]),
    unit: "x",
    counts: "median",
    target: { atLeast: 0.9 },
    detail: (["subject", ...WAYS] as const).map((side) => {
      const name = side === best ? `best ${side}` : side;
      return `${name} ${median(rates[side]).toFixed(0)} MiB/s (${median(cpu[side]!).toFixed(0)} ms CPU)`;
    }).join(", "),
  }];
}

async function download(url: string, path: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`Cannot download "${url}": ${response.status}`);
  await Deno.writeFile(path, response.body);
}
