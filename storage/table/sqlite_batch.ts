import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** A statement that changes one row, and its values. */
export interface WriteStep {
  /** Name of the statement. */
  statement: "insert" | "update" | "upsert" | "delete";
  /** Values of its parameters, in their order. */
  values: SQLInputValue[];
}

/** A write that takes effect as a whole. Data alone, because it is sent to another thread. */
export interface Write {
  /** Statements, in their order. */
  steps: WriteStep[];
  /** Time from which the write must not take effect, in milliseconds since the epoch; absent without a fence. */
  until?: number;
}

/** Rows that a write has changed, or the refusal of a write that came after its fence. */
export type Outcome = number | "late";

/** Runs batches of writes, each in one transaction, on a connection of its own. */
export class BatchWriter {
  readonly #db: DatabaseSync;
  // Prepared, because errors of `exec` do not carry SQLite's code.
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #undo: StatementSync;
  readonly #statements: Record<WriteStep["statement"], StatementSync>;
  readonly #now: () => number;

  /** Writes to `db`, on which nothing else begins a transaction. `now` is in milliseconds since the epoch. */
  constructor(db: DatabaseSync, now: () => number = Date.now) {
    this.#db = db;
    this.#now = now;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#undo = db.prepare("ROLLBACK");
    this.#statements = prepareStatements(db);
  }

  /**
   * Commits the writes together and returns the outcome of each when they are durable. A write after its fence is
   * skipped. If one statement fails, nothing of the batch takes effect and SQLite's error is thrown.
   */
  run(writes: Write[]): Outcome[] {
    this.#begin.run();
    try {
      const outcomes = writes.map((write) => this.#write(write));
      this.#commit.run();
      return outcomes;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #write({ steps, until }: Write): Outcome {
    // Between here and COMMIT this process may stand still for as long as it likes: it holds SQLite's lock, so no other
    // process has written since the check, and every later write of another process comes after this one.
    if (until !== undefined && this.#now() >= until) return "late";
    let changes = 0;
    for (const { statement, values } of steps) {
      changes += Number(this.#statements[statement].run(...values).changes);
    }
    return changes;
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

function prepareStatements(db: DatabaseSync): Record<WriteStep["statement"], StatementSync> {
  const insert = "INSERT INTO item (pk, sk, version, attributes, bytes, index_pk, index_sk) " +
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (pk, sk) DO";
  const set = "SET version = ?3, attributes = ?4, bytes = ?5, index_pk = ?6, index_sk = ?7";
  return {
    insert: db.prepare(`${insert} NOTHING`),
    update: db.prepare(`UPDATE item ${set} WHERE pk = ?1 AND sk = ?2 AND version = ?8`),
    upsert: db.prepare(`${insert} UPDATE ${set}`),
    delete: db.prepare("DELETE FROM item WHERE pk = ? AND sk = ? AND version = ?"),
  };
}
