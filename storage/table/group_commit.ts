import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { LateWriteError, toStorageError, UnavailableError } from "../errors.ts";
import type { Fence } from "../fence.ts";
import { busyPause, hasWaitedTooLong, isBusy, REAL_TIME, type WaitOptions } from "./sqlite_busy.ts";

/** A write that waits for its transaction. */
interface Pending {
  /** Runs the statements. The returned function delivers the caller's result and is called once that is durable. */
  run(): () => void;
  reject(reason: unknown): void;
  /** Start of the wait, in milliseconds by the clock of the wait. */
  since: number;
}

/** Part of a database that a {@linkcode GroupCommit} uses. */
type Database = Pick<DatabaseSync, "prepare" | "isOpen" | "isTransaction">;

/**
 * Puts writes that come at the same time into one transaction: each commit waits for the disk, and `node:sqlite` makes
 * the whole process wait with it. While another process holds the lock, the writes wait in a queue and not in SQLite,
 * whose wait would block the event loop.
 */
export class GroupCommit {
  readonly #db: Database;
  // Prepared, because errors of `exec` do not carry SQLite's code.
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #undo: StatementSync;
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  #pending: Pending[] = [];
  /** True while the next attempt waits for its pause to end. */
  #isPostponed = false;
  /** Attempts in a row that found the database locked. */
  #attempts = 0;
  /** Settles when nothing is pending; absent unless {@linkcode GroupCommit.drain} waits for it. */
  #drained: PromiseWithResolvers<void> | undefined;

  /** Commits to `db`, on which nothing else begins a transaction and whose busy timeout is 0. */
  constructor(db: Database, { now, sleep }: WaitOptions = REAL_TIME) {
    this.#db = db;
    this.#now = now;
    this.#sleep = sleep;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#undo = db.prepare("ROLLBACK");
  }

  /**
   * Runs `write` in the next transaction, after all earlier ones, and answers when it is durable. After its fence it is
   * skipped and rejects alone: the rest of the group is committed.
   *
   * @throws {UnavailableError} if another process holds the lock for 10 seconds.
   * @throws {LateWriteError} if the fence has passed when the transaction begins.
   */
  run<T>(write: () => T, fence?: Fence): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        // Between here and COMMIT this process may stand still for as long as it likes: it holds SQLite's lock, so no
        // other process has written since the check, and whatever another one writes next comes after this write.
        if (fence !== undefined && fence.left <= 0) return () => reject(new LateWriteError());
        const result = write();
        return () => resolve(result);
      };
      // Neither at once nor as a microtask: every request that the event loop has in hand gets into the group.
      const since = this.#now();
      if (this.#pending.push({ run, reject, since }) === 1) setImmediate(() => this.#flush());
    });
  }

  /** Commits everything pending, and waits until that is done or has failed. */
  drain(): Promise<void> {
    this.#flush();
    if (this.#pending.length === 0) return Promise.resolve();
    return (this.#drained ??= Promise.withResolvers()).promise;
  }

  #flush(): void {
    if (this.#isPostponed) return;
    if (this.#pending.length > 0) this.#tryCommit();
    if (this.#pending.length > 0) return;
    this.#attempts = 0;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #tryCommit(): void {
    try {
      this.#begin.run();
    } catch (error) {
      if (isBusy(error)) return this.#postpone(error);
      return this.#reject(error);
    }
    const group = this.#pending;
    try {
      const answers = group.map(({ run }) => run());
      this.#commit.run();
      this.#pending = [];
      answers.forEach((answer) => answer());
    } catch (error) {
      this.#rollback();
      this.#reject(error);
    }
  }

  /** Tries again after a pause; gives up the writes that have waited too long. */
  #postpone(error: unknown): void {
    const now = this.#now();
    const expired = this.#pending.filter(({ since }) => hasWaitedTooLong(now - since));
    this.#pending = this.#pending.filter(({ since }) => !hasWaitedTooLong(now - since));
    for (const { reject } of expired) reject(new UnavailableError("write to the table", error));
    if (this.#pending.length === 0) return;
    this.#isPostponed = true;
    this.#sleep(busyPause(++this.#attempts)).then(() => {
      this.#isPostponed = false;
      this.#flush();
    });
  }

  #reject(error: unknown): void {
    const group = this.#pending;
    this.#pending = [];
    const reason = toStorageError(error);
    group.forEach(({ reject }) => reject(reason));
  }

  #rollback(): void {
    // After some errors SQLite has ended the transaction itself (https://www.sqlite.org/lang_transaction.html, §3).
    if (!this.#db.isOpen || !this.#db.isTransaction) return;
    try {
      this.#undo.run();
    } catch {
      // The first error names the cause. If the transaction is still open, SQLite rejects every later one.
    }
  }
}
