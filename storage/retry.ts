import { observer, type Store } from "../telemetry/observer.ts";
import { UnavailableError } from "./errors.ts";
import type { Fence } from "./fence.ts";
import { abortAfter, pause } from "./timeout.ts";

/** Options of a call to a store. Times are in milliseconds. */
export interface RetryOptions {
  /** Store of the call. */
  store: Store;
  /** Verb and object for the error message, such as "read the item". */
  what: string;
  /** True if a retry may succeed. The call must be idempotent. */
  isTransient: (error: unknown) => boolean;
  /** Timeout of one attempt. */
  attemptTimeout: number;
  /** Time for all attempts, with the pauses between them. */
  deadline: number;
  /** No attempt starts or continues after the fence. */
  fence?: Fence | undefined;
  /** Monotonic clock in milliseconds. */
  now?: () => number;
  /** Resolves after this time. */
  sleep?: (milliseconds: number) => Promise<void>;
  /** A number from 0 to below 1. */
  random?: () => number;
}

/** Maximum pause before the second attempt; it doubles before each further one. */
const FIRST_PAUSE_MS = 25;

/** Maximum pause before any attempt. */
const MAX_PAUSE_MS = 1000;

/**
 * Repeats a call until it succeeds, fails permanently, or its time is up. Pauses are random between zero and a doubling
 * limit, so that many failed callers do not return together.
 *
 * @throws {UnavailableError} if the time is up; every other error of the call that is not transient.
 * @throws {LateWriteError} if the fence had passed before the first attempt.
 */
export async function retrying<T>(
  call: (signal: AbortSignal) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { store, what, isTransient, attemptTimeout, deadline, fence } = options;
  const { now = () => performance.now(), sleep = pause, random = Math.random } = options;
  const end = now() + deadline;
  fence?.check();
  for (let bound = FIRST_PAUSE_MS;; bound = Math.min(bound * 2, MAX_PAUSE_MS)) {
    const left = Math.max(0, Math.min(end - now(), fence?.left ?? Infinity)); // A pause may last longer than requested.
    const timeout = abortAfter(Math.min(attemptTimeout, left));
    try {
      return await call(timeout.signal);
    } catch (error) {
      if (!timeout.signal.aborted && !isTransient(error)) throw error;
      const wait = random() * bound;
      if (now() + wait >= end) throw new UnavailableError(what, error);
      await sleep(wait);
      // Not `LateWriteError`, which means that nothing was written: the earlier attempt may have succeeded.
      if (fence !== undefined && fence.left <= 0) throw new UnavailableError(what, error);
      observer?.retried(store);
    } finally {
      timeout.clear();
    }
  }
}
