import { median, percentile } from "../figure.ts";
import { ratios } from "../rounds.ts";
import { childrenOf, cpuOfAll, type Server } from "../server.ts";
import { type PeerName, PEERS } from "./peers.ts";
import type { Row } from "./rows.ts";

/** Figures of one registry in one round of one row. */
export interface Sample {
  /** Operations per second. */
  readonly rate: number;
  /** Milliseconds of the operation in the middle, and of the slowest of a hundred. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of CPU time of the registry for each operation. */
  readonly cpu: number;
  /** Milliseconds of CPU time of S3 and DynamoDB for each operation. */
  readonly services: number;
}

/** Samples of a row, by registry: one for each round. */
export type Samples = Record<PeerName, Sample[]>;

/** Processes of S3 and DynamoDB. */
export type Services = readonly { readonly pid: number }[];

/**
 * Measures a row once in each round with each registry in turn; each round begins with another one. The first round warms
 * up and does not count.
 */
export async function measure(
  row: Row,
  servers: Readonly<Record<PeerName, Server>>,
  { rounds, services, label }: { rounds: number; services: Services; label: string },
): Promise<Samples> {
  const samples: Samples = { skerry: [], zot: [], distribution: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const i of PEERS.keys()) {
      const name = PEERS[(round + i) % PEERS.length]!;
      const sample = await measureOnce(row, servers[name], `${label}/${round}`, services);
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}

async function measureOnce(row: Row, server: Server, prefix: string, services: Services): Promise<Sample> {
  const processes = [server, ...await childrenOf(server)];
  const before = [await cpuOfAll(processes), await cpuOfAll(services)] as const;
  const { seconds, times } = await row.run(server, prefix);
  const after = [await cpuOfAll(processes), await cpuOfAll(services)] as const;
  return {
    rate: times.length / seconds,
    p50: median(times),
    p99: percentile(times, 0.99),
    cpu: (after[0] - before[0]) / times.length,
    services: (after[1] - before[1]) / times.length,
  };
}

/** Medians of the samples. */
export function mediansOf(samples: readonly Sample[]): Sample {
  const of = (key: keyof Sample) => median(samples.map((sample) => sample[key]));
  return { rate: of("rate"), p50: of("p50"), p99: of("p99"), cpu: of("cpu"), services: of("services") };
}

/** Median of the quotients of each round. */
export function ratioOf(
  key: keyof Sample,
  dividends: readonly Sample[],
  divisors: readonly Sample[],
): number {
  return median(ratios(dividends.map((sample) => sample[key]), divisors.map((sample) => sample[key])));
}
