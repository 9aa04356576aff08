import { type FaultProcess, type FaultProcessOptions, type Report, spawnFaultProxy } from "../faults/mod.ts";
import { type Endpoints, useAll } from "../harness/aws_stores.ts";

/** A proxy before each store, each a process of its own. */
export interface FaultProxies extends Endpoints, AsyncDisposable {
  /** Sets the probability of faults, from 0 to 1. */
  setRate(rate: number): Promise<void>;
  /** Fates of the requests so far. */
  counts(): Promise<Record<"s3" | "dynamoDb", Report["counts"]>>;
}

/** Starts a fault proxy before each store, with the seeds `seed` and `seed + 1`. */
export async function startFaultProxies(
  stores: Endpoints,
  { seed, ...options }: Omit<FaultProcessOptions, "upstream" | "port"> & { seed: number },
): Promise<FaultProxies> {
  await using stack = new AsyncDisposableStack();
  const [s3, dynamoDb] = await useAll<[FaultProcess, FaultProcess]>(stack, [
    spawnFaultProxy({ ...options, upstream: stores.s3, seed }),
    spawnFaultProxy({ ...options, upstream: stores.dynamoDb, seed: seed + 1 }),
  ]);
  const kept = stack.move();
  return {
    s3: s3.url,
    dynamoDb: dynamoDb.url,
    async setRate(rate) {
      await Promise.all([s3.order({ rate }), dynamoDb.order({ rate })]);
    },
    async counts() {
      return { s3: (await s3.order({})).counts, dynamoDb: (await dynamoDb.order({})).counts };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
