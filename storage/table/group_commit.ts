import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { toStorageError } from "../errors.ts";

/** A write that waits for its transaction. */
interface Pending {
  /** Runs the statements; what it answers tells the caller their result, once that is durable. */
  run(): () => void;
  reject(reason: unknown): void;
}

/**
 * Puts writes that come at the same time into one transaction: each commit waits for the disk, and `node:sqlite` makes
 * the whole process wait with it.
 */
export class GroupCommit {
  readonly #db: Pick<DatabaseSync, "exec" | "isOpen" | "isTransaction">;
  #pending: Pending[] = [];

  /** Commits to `db`, on which nobody else begins a transaction. */
  constructor(db: Pick<DatabaseSync, "exec" | "isOpen" | "isTransaction">) {
    this.#db = db;
  }

  /** Runs `write` in the next transaction, after those that were asked for before, and answers once it is durable. */
  run<T>(write: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const result = write();
        return () => resolve(result);
      };
      // Neither at once nor as a microtask: every request that the event loop has in hand gets into the group.
      if (this.#pending.push({ run, reject }) === 1) setImmediate(() => this.flush());
    });
  }

  /** Commits what waits. */
  flush(): void {
    const group = this.#pending;
    if (group.length === 0) return;
    this.#pending = [];
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      const answers = group.map(({ run }) => run());
      this.#db.exec("COMMIT");
      answers.forEach((answer) => answer());
    } catch (error) {
      this.#rollback();
      const reason = toStorageError(error);
      group.forEach(({ reject }) => reject(reason));
    }
  }

  #rollback(): void {
    // After some errors SQLite has ended the transaction itself (https://www.sqlite.org/lang_transaction.html, §3).
    if (!this.#db.isOpen || !this.#db.isTransaction) return;
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // The first error tells what is wrong. If the transaction is still open, every later one is refused.
    }
  }
}
