import { type Figure, median } from "./figure.ts";
import { load } from "./load/mod.ts";
import { ratios } from "./rounds.ts";
import { startBenchStores } from "./s3_stores.ts";
import { cpuOf } from "./server.ts";
import { milliseconds } from "./text.ts";

const MIB = 1024 * 1024;
const BLOB_BYTES = 256 * MIB;

/** PUTs to each side in a round. The quickest counts: whatever else the machine does only ever makes one slower. */
const PUTS = 4;

/** Blobs whose digest is known before they come beside a handler that hands them on to S3 in one signed PUT. */
export async function s3Put(rounds: number): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const stores = stack.use(await startBenchStores());
  const servers = [stack.use(await stores.startSubject()), stack.use(await stores.startBare())] as const;
  const [subject, bare] = servers;
  const rates = { registry: [] as number[], bare: [] as number[] };
  const cpu = { registry: [] as number[], bare: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const before = await Promise.all(servers.map(cpuOf));
    const seconds = await load("racePuts", {
      registry: { port: subject.port, repository: "bench/s3" },
      bare: { port: bare.port, path: "/single" },
      size: BLOB_BYTES,
      times: PUTS,
    });
    const after = await Promise.all(servers.map(cpuOf));
    await stores.clear();
    if (round === 0) continue; // it warms everything up
    for (const [i, name] of (["registry", "bare"] as const).entries()) {
      rates[name].push(BLOB_BYTES / MIB / Math.min(...seconds[name]));
      cpu[name].push((after[i]! - before[i]!) / PUTS);
    }
  }
  return [{
    name: "256 MiB PUT to S3: throughput / bare signed PUT",
    samples: ratios(rates.registry, rates.bare),
    unit: "x",
    counts: "median",
    target: { atLeast: 0.9 },
    detail: `${median(rates.registry).toFixed(0)} MiB/s, bare ${median(rates.bare).toFixed(0)} MiB/s`,
  }, {
    name: "256 MiB PUT to S3: CPU / bare signed PUT",
    samples: ratios(cpu.registry, cpu.bare),
    unit: "x",
    counts: "median",
    target: { atMost: 1.3 },
    detail: `${milliseconds(cpu.registry)}, bare ${milliseconds(cpu.bare)}`,
  }];
}
