import { observer } from "../../telemetry/observer.ts";
import { UnavailableError } from "../errors.ts";
import { pause } from "../timeout.ts";

/** Maximum milliseconds that an operation waits for a lock of another process. */
const BUSY_LIMIT_MS = 10_000;

/** Pauses before the next attempts, in milliseconds; the last one repeats. SQLite's own busy handler uses the same. */
const PAUSES_MS = [1, 2, 5, 10, 15, 20, 25, 50] as const;

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy. */
const SQLITE_BUSY = 5;

/** True for SQLITE_BUSY: another process holds the lock. The lowest byte of an extended error code is the error code. */
export function isBusy(error: unknown): boolean {
  const { errcode } = Object(error) as { errcode?: unknown };
  return typeof errcode === "number" && (errcode & 0xff) === SQLITE_BUSY;
}

/** Pause after `attempts` failed attempts, in milliseconds. */
export function busyPause(attempts: number): number {
  return PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1] ?? 1;
}

/** True if an operation that began `waited` milliseconds ago must give up. */
export function hasWaitedTooLong(waited: number): boolean {
  return waited >= BUSY_LIMIT_MS;
}

/** Clock and timer for a wait; times are in milliseconds. */
export interface WaitOptions {
  /** Monotonic clock. */
  now: () => number;
  /** Resolves after this time. */
  sleep: (milliseconds: number) => Promise<void>;
}

/** The clock and the timer of the process. */
export const REAL_TIME: WaitOptions = {
  now: () => performance.now(),
  sleep: pause,
};

/**
 * Repeats `attempt` while another process holds the lock that it needs. SQLite's own busy handler would block the event
 * loop, and so every other request, if a suspended process holds the lock.
 *
 * @param action Verb and object for the error, such as "read the item".
 * @throws {UnavailableError} after 10 seconds. Any other error of `attempt` is thrown at once.
 */
export async function retryWhileBusy<T>(
  action: string,
  attempt: () => T,
  { now, sleep }: WaitOptions = REAL_TIME,
): Promise<T> {
  let began: number | undefined;
  for (let attempts = 1;; attempts++) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      observer?.sqliteBusy();
      began ??= now();
      if (hasWaitedTooLong(now() - began)) throw new UnavailableError(action, error);
    }
    await sleep(busyPause(attempts));
  }
}
