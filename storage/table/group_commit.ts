import { type Observer, observer } from "../../telemetry/observer.ts";
import { setImmediate } from "node:timers";
import { LateWriteError, toStorageError, UnavailableError } from "../errors.ts";
import type { Fence } from "../fence.ts";
import type { Outcome, Write, WriteStep } from "./sqlite_batch.ts";
import { busyPause, hasWaitedTooLong, isBusy, REAL_TIME, type WaitOptions } from "./sqlite_busy.ts";

/** A write that waits for its transaction. */
interface Pending {
  steps: WriteStep[];
  fence: Fence | undefined;
  resolve(changes: number): void;
  reject(reason: unknown): void;
  /** Start of the wait, in milliseconds by the clock of the wait. */
  since: number;
  /** Begin of the last transaction that it was in, by the same clock; absent before that. */
  began?: number;
}

/** Commits writes together, in one transaction; rejects with SQLite's error if none took effect. */
type Commit = (writes: Write[]) => Promise<Outcome[]>;

/**
 * Puts writes that come at the same time into one transaction, because each commit waits for the disk. Writes that come
 * during a commit share the next one. While another process holds the lock, the writes wait in this queue.
 */
export class GroupCommit {
  readonly #commit: Commit;
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  #pending: Pending[] = [];
  /** Resolves when nothing is pending; absent while nothing is. */
  #work: Promise<void> | undefined;
  /** Attempts in a row that found the database locked. */
  #attempts = 0;

  /** Calls `commit` for one group after another. */
  constructor(commit: Commit, { now, sleep }: WaitOptions = REAL_TIME) {
    this.#commit = commit;
    this.#now = now;
    this.#sleep = sleep;
  }

  /**
   * Runs the statements in the next transaction, after all earlier ones. Returns the number of changed rows when they
   * are durable. After its fence a write is skipped and rejects alone: the rest of the group is committed.
   *
   * @throws {UnavailableError} if another process holds the lock for 10 seconds.
   * @throws {LateWriteError} if the fence has passed when the transaction begins.
   */
  run(steps: WriteStep[], fence?: Fence): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const pending: Pending = { steps, fence, resolve, reject, since: this.#now() };
    this.#pending.push(pending);
    this.#work ??= this.#commitAll();
    return observer === undefined ? promise : observed(promise, pending, observer);
  }

  /** Waits until everything pending is committed or has failed. */
  async drain(): Promise<void> {
    await this.#work;
  }

  async #commitAll(): Promise<void> {
    while (this.#pending.length > 0) {
      // Neither at once nor as a microtask: every request that the event loop has in hand gets into the group.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#commitGroup();
    }
    this.#work = undefined;
  }

  async #commitGroup(): Promise<void> {
    const group = this.#pending;
    this.#pending = [];
    let outcomes: Outcome[];
    const began = this.#now();
    if (observer !== undefined) { for (const pending of group) pending.began = began; }
    try {
      outcomes = await this.#commit(group.map(toWrite));
      observer?.committed(group.length, this.#now() - began);
    } catch (error) {
      if (isBusy(error)) {
        observer?.sqliteBusy();
        return await this.#postpone(group, error);
      }
      const reason = toStorageError(error);
      return group.forEach(({ reject }) => reject(reason));
    }
    this.#attempts = 0;
    for (const [index, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[index]!;
      if (outcome === "late") reject(new LateWriteError());
      else resolve(outcome);
    }
  }

  /** Puts the group back and waits for the next attempt; gives up the writes that have waited too long. */
  async #postpone(group: Pending[], error: unknown): Promise<void> {
    const now = this.#now();
    const pending = [...group, ...this.#pending];
    const expired = pending.filter(({ since }) => hasWaitedTooLong(now - since));
    this.#pending = pending.filter(({ since }) => !hasWaitedTooLong(now - since));
    for (const { reject } of expired) reject(new UnavailableError("write to the table", error));
    if (this.#pending.length === 0) return;
    await this.#sleep(busyPause(++this.#attempts));
  }
}

/** Result of a write that reports its wait to the observer, in the caller's context: the span is the caller's. */
async function observed(result: Promise<number>, pending: Pending, observer: Observer): Promise<number> {
  try {
    return await result;
  } finally {
    if (pending.began !== undefined) observer.waited("sqlite", pending.began - pending.since);
  }
}

/** The write with its fence as a time by the system's clock, which the other thread has too. */
function toWrite({ steps, fence }: Pending): Write {
  return { steps, ...(fence && { until: Date.now() + fence.left }) };
}
