import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { toStorageError } from "../errors.ts";

/** A write that waits for its transaction. */
interface Pending {
  /** Runs the statements; what it answers tells the caller their result, once that is durable. */
  run(): () => void;
  reject(reason: unknown): void;
}

/** What a {@linkcode GroupCommit} needs of a database. */
type Database = Pick<DatabaseSync, "prepare" | "isOpen" | "isTransaction">;

/**
 * Puts writes that come at the same time into one transaction: each commit waits for the disk, and `node:sqlite` makes
 * the whole process wait with it.
 */
export class GroupCommit {
  readonly #db: Database;
  // Prepared, because errors of `exec` do not carry SQLite's code.
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #undo: StatementSync;
  #pending: Pending[] = [];

  /** Commits to `db`, on which nobody else begins a transaction. */
  constructor(db: Database) {
    this.#db = db;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#undo = db.prepare("ROLLBACK");
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
      this.#begin.run();
      const answers = group.map(({ run }) => run());
      this.#commit.run();
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
      this.#undo.run();
    } catch {
      // The first error tells what is wrong. If the transaction is still open, every later one is refused.
    }
  }
}
