import { type Figure, median } from "./figure.ts";
import { findFile, makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import { ratios } from "./rounds.ts";
import { cpuOf, type Server, startServer } from "./server.ts";
import { startSubject } from "./subject.ts";

const MIB = 1024 * 1024;
const BLOB_BYTES = 100 * MIB;

/** Pulls in each round, of which the quickest counts: whatever else the machine does only ever makes one slower. */
const PULLS = 6;

/** Files of `baseline/file.ts`. */
const WAYS = ["/readable", "/read-256k", "/read-1m"];

/** A server that a blob is pulled from. */
interface Runner {
  name: string;
  server: Server;
  path: string;
}

/** Blob GETs beside the quickest way in which Deno sends a file. */
export async function blobPull(rounds: number): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const data = stack.use(await makeFolder());
  const subject = stack.use(await startSubject({ data }));
  const path = await pushOne(subject);
  // A copy of it might lie better or worse in memory than what the registry itself reads.
  const file = await findFile(data.path, BLOB_BYTES);
  const runners: Runner[] = [{ name: "subject", server: subject, path }];
  for (const way of WAYS) {
    const options = { script: "tests/bench/baseline/file.ts", env: { FILE: file } };
    runners.push({ name: way, server: stack.use(await startServer(options)), path: way });
  }

  const times = rounds * PULLS;
  const before = await Promise.all(runners.map(({ server }) => cpuOf(server)));
  const seconds = await load("race", {
    targets: runners.map(({ server, path }) => ({ port: server.port, path })),
    times,
  });
  const after = await Promise.all(runners.map(({ server }) => cpuOf(server)));

  const results = runners.map(({ name }, i) => ({
    name,
    rates: quickest(seconds[i]!).map((seconds) => BLOB_BYTES / MIB / seconds),
    cpu: (after[i]! - before[i]!) / (times + 1),
  }));
  const [registry, ...ways] = results;
  const best = ways.toSorted((a, b) => median(b.rates) - median(a.rates))[0]!;
  return [{
    name: "100 MiB blob GET: throughput / best bare handler",
    samples: ratios(registry!.rates, best.rates),
    unit: "x",
    counts: "median",
    target: { atLeast: 0.9 },
    detail: results.map(({ name, rates, cpu }) => {
      return `${name === best.name ? "best " : ""}${name} ${median(rates).toFixed(0)} MiB/s (${
        cpu.toFixed(0)
      } ms CPU)`;
    }).join(", "),
  }];
}

/** The least of each round. */
function quickest(seconds: number[]): number[] {
  const rounds = seconds.length / PULLS;
  return Array.from(
    { length: rounds },
    (_, round) => Math.min(...seconds.slice(round * PULLS).slice(0, PULLS)),
  );
}

async function pushOne({ port }: Server): Promise<string> {
  const blob = { mode: "put", size: BLOB_BYTES, count: 1, concurrent: false } as const;
  const [digest] = await load("push", { ...blob, port, repository: "bench/blob" });
  return `/v2/bench/blob/blobs/${digest}`;
}
