import { setTimeout as sleep } from "node:timers/promises";
import { UnavailableError } from "../storage/ports.ts";

export { sleep };

/** The values, so many at a time. */
export async function* batches<T>(values: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const value of values) {
    batch.push(value);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** `run` of each value, `limit` at once, in the order of the values. After a failure it begins no more, and ends what it began. */
export async function parallel<T, R>(
  values: readonly T[],
  limit: number,
  run: (value: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = values.entries();
  let failed = false;
  const workers = Array.from({ length: limit }, async () => {
    for (const [index, value] of entries) {
      if (failed) return;
      results[index] = await run(value).catch((error) => {
        failed = true;
        throw error;
      });
    }
  });
  for (const worker of await Promise.allSettled(workers)) {
    if (worker.status === "rejected") throw worker.reason;
  }
  return results;
}

/** How often in a row a store may not answer, and the first pause after that, in milliseconds; it doubles. */
const MAX_FAILURES = 6;
const FIRST_PAUSE_MS = 500;

/**
 * Calls until the store answers: a table that is paid by the request takes a while to grow with what a restore writes.
 *
 * @throws {UnavailableError} where it does not after half a minute.
 */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let failures = 0;; failures++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnavailableError) || failures === MAX_FAILURES) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** failures);
    }
  }
}
