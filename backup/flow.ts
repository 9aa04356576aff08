import { pause, UnavailableError } from "../storage/ports.ts";

/** Groups values into arrays of at most `size`. */
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

/** Maximum retries of a call to a store that does not answer. */
const MAX_RETRIES = 6;

/** Pause before the first retry, in milliseconds. It doubles before each further one. */
const FIRST_PAUSE_MS = 500;

/**
 * Repeats a call until the store answers: a table that is billed by request needs time to scale up for a restore. One
 * call here includes a driver's own retries and their deadline, so the limit counts pauses and not time.
 *
 * @throws {UnavailableError} if it does not answer within half a minute.
 */
export async function retryUnavailable<T>(call: () => Promise<T>): Promise<T> {
  for (let failures = 0;; failures++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnavailableError) || failures === MAX_RETRIES) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** failures);
    }
  }
}
