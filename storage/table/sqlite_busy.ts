import { UnavailableError } from "../errors.ts";

/** Milliseconds that an operation waits for a lock which another process holds. */
const BUSY_LIMIT_MS = 10_000;

/** Pauses before the next attempts, in milliseconds; the last one repeats. SQLite's own busy handler waits alike. */
const PAUSES_MS = [1, 2, 5, 10, 15, 20, 25, 50] as const;

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy. */
const SQLITE_BUSY = 5;

/** True if another process holds the lock. Reads the lowest byte, since the code may be an extended one. */
export function isBusy(error: unknown): boolean {
  const { errcode } = Object(error) as { errcode?: unknown };
  return typeof errcode === "number" && (errcode & 0xff) === SQLITE_BUSY;
}

/** The pause before the attempt that follows `attempts` others, in milliseconds. */
export function busyPause(attempts: number): number {
  return PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1] ?? 1;
}

/** True if an operation that began `waited` milliseconds ago must give up. */
export function hasWaitedTooLong(waited: number): boolean {
  return waited >= BUSY_LIMIT_MS;
}

/** Clock and timer for a wait; times are in milliseconds. */
export interface WaitOptions {
  /** A clock that never goes back. */
  now: () => number;
  /** Pauses. */
  sleep: (milliseconds: number) => Promise<void>;
}

/** The clock and the timer of the process. */
export const REAL_TIME: WaitOptions = {
  now: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/**
 * Runs `attempt` until no other process holds the lock that it needs. SQLite's own wait would block the event loop, and
 * with it every other request, for as long as a process that stands still holds the lock.
 *
 * @throws {UnavailableError} after 10 seconds; whatever else `attempt` throws, at once.
 */
export async function retryWhileBusy<T>(
  what: string,
  attempt: () => T,
  { now, sleep }: WaitOptions = REAL_TIME,
): Promise<T> {
  let began: number | undefined;
  for (let attempts = 1;; attempts++) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      began ??= now();
      if (hasWaitedTooLong(now() - began)) throw new UnavailableError(what, error);
    }
    await sleep(busyPause(attempts));
  }
}
