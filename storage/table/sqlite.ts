import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { dirname } from "node:path";
import { setImmediate } from "node:timers";
import { ensureFolder, syncFolder, unlessAbsent } from "../durable_folder.ts";
import { ensurePrivateFile } from "../private_files.ts";
import { compareUtf8, endOfPrefix } from "../utf8_order.ts";
import type { Fence } from "../fence.ts";
import { GroupCommit } from "./group_commit.ts";
import { nextOf } from "./scan_page.ts";
import { rangeOf } from "./segments.ts";
import type { WriteStep } from "./sqlite_batch.ts";
import { retryWhileBusy } from "./sqlite_busy.ts";
import { prepareDatabase } from "./sqlite_schema.ts";
import { SqliteWriter } from "./sqlite_writer.ts";
import type { Condition, Item, Key, NewItem, QueryOptions, ScanOptions, ScanPage, Table } from "./table.ts";
import { randomVersion } from "./version.ts";

/** Settings of a {@linkcode SqliteTable}. */
export interface SqliteTableOptions {
  /** Creates a version that was never used before; random by default. */
  newVersion?: () => string;
}

/** A row of the table `item`. */
interface Row {
  pk: string;
  sk: string;
  version: string;
  attributes: string;
  bytes: Uint8Array<ArrayBuffer> | null;
  index_pk: string | null;
  index_sk: string | null;
}

/** Rows that are read in one turn of the event loop: a few milliseconds. */
const ROWS_PER_TURN = 500;

/**
 * Items in a SQLite database, which other processes may have open too. Reads use a connection of this thread, and writes
 * one of a thread of their own: reads never wait for a commit, and see it when it is durable.
 */
export class SqliteTable implements Table, AsyncDisposable {
  /** Connection that only reads, once the database has its tables. */
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #writer: SqliteWriter;
  readonly #commits: GroupCommit;
  readonly #newVersion: () => string;
  /** Rows that were read since the event loop had a turn. */
  #rows = 0;

  private constructor(db: DatabaseSync, writer: SqliteWriter, newVersion: () => string) {
    this.#db = db;
    this.#statements = prepareStatements(db);
    this.#writer = writer;
    this.#commits = new GroupCommit((writes) => writer.commit(writes));
    this.#newVersion = newVersion;
  }

  /**
   * Opens the database at `path`, and creates it with its folder if it does not exist.
   *
   * @throws {Error} for a database of a later release.
   */
  static async open(path: string, options: SqliteTableOptions = {}): Promise<SqliteTable> {
    await ensureFolder(dirname(path));
    // SQLite gives its -wal and -shm files the mode of the database.
    await ensurePrivateFile(path);
    // SQLite itself never waits for a lock: that would block the event loop.
    const db = new DatabaseSync(path, { timeout: 0 });
    try {
      await retryWhileBusy("open the table", () => prepareDatabase(db, path));
      await syncLog(path);
      await syncFolder(dirname(path));
      return new SqliteTable(db, await SqliteWriter.of(path), options.newVersion ?? randomVersion);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get(key: Key): Promise<Item | undefined> {
    return retryWhileBusy("read the item", () => this.#read(key));
  }

  async getMany(keys: Key[]): Promise<(Item | undefined)[]> {
    const read = (some: Key[]) => retryWhileBusy("read the items", () => this.#readMany(some));
    if (keys.length <= ROWS_PER_TURN) return await this.#paced(read(keys));
    const items: (Item | undefined)[] = [];
    for (let at = 0; at < keys.length; at += ROWS_PER_TURN) {
      items.push(...await this.#paced(read(keys.slice(at, at + ROWS_PER_TURN))));
    }
    return items;
  }

  #readMany(keys: Key[]): (Item | undefined)[] {
    const [first, second] = keys;
    if (first === undefined || second === undefined || keys.length > 2 || first.pk !== second.pk) {
      return keys.map((key) => this.#read(key));
    }
    // The link and the blob of every HEAD and GET: two places of one partition are found for little more than one.
    const rows = this.#statements.getPair.all(first.pk, first.sk, second.sk) as unknown as Row[];
    return [first, second].map(({ sk }) => {
      const row = rows.find((row) => row.sk === sk);
      return row && toItem(row);
    });
  }

  async put(item: NewItem, condition: Condition, fence?: Fence): Promise<string | undefined> {
    const version = this.#newVersion();
    const values = valuesOf(item, version);
    const step: WriteStep = "ifAbsent" in condition
      ? { statement: "insert", values }
      : { statement: "update", values: [...values, condition.ifVersion] };
    const changes = await this.#commits.run([step], fence);
    return changes === 0 ? undefined : version;
  }

  async putMany(items: NewItem[], fence?: Fence): Promise<void> {
    const steps = items.map((item): WriteStep => {
      return { statement: "upsert", values: valuesOf(item, this.#newVersion()) };
    });
    await this.#commits.run(steps, fence);
  }

  async delete({ pk, sk }: Key, { ifVersion }: { ifVersion: string }, fence?: Fence): Promise<boolean> {
    const changes = await this.#commits.run([{ statement: "delete", values: [pk, sk, ifVersion] }], fence);
    return changes !== 0;
  }

  query(pk: string, options: QueryOptions): Promise<Item[]> {
    return this.#paced(
      retryWhileBusy("query a partition", () => itemsOf(slice(this.#statements.query, pk, options))),
    );
  }

  queryKeys(pk: string, options: QueryOptions): Promise<string[]> {
    return this.#paced(retryWhileBusy("query the keys of a partition", () => {
      const [row] = slice(this.#statements.queryKeys, pk, options);
      return JSON.parse(row!.keys as string) as string[];
    }));
  }

  queryIndex(pk: string, options: QueryOptions): Promise<Item[]> {
    return this.#paced(
      retryWhileBusy("query the index", () => itemsOf(slice(this.#statements.queryIndex, pk, options))),
    );
  }

  scan({ after, limit, segment }: ScanOptions): Promise<ScanPage> {
    const { from, before = ABOVE_ALL_TEXT } = rangeOf(segment);
    const { pk, sk } = after ?? { pk: from, sk: "" };
    return retryWhileBusy("scan the table", () => {
      const rows = this.#statements.scan.all(pk, sk, before, limit) as unknown as Row[];
      const items = rows.map(toItem);
      return { items, ...nextOf(items, limit) };
    });
  }

  changeCount(): Promise<number> {
    return retryWhileBusy("read the change count", () => {
      const { data_version } = this.#statements.dataVersion.get() as { data_version: number };
      return data_version;
    });
  }

  /** Commits everything pending and closes the database. */
  async close(): Promise<void> {
    await this.#commits.drain();
    await this.#writer.close();
    this.#db.close();
  }

  /** {@linkcode SqliteTable.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Rows of a read, after a turn of the event loop if many rows were read since the last one. A read of SQLite waits for
   * nothing, so a request that makes many of them would delay all others.
   */
  async #paced<T>(reading: Promise<T[]>): Promise<T[]> {
    const rows = await reading;
    this.#rows += rows.length;
    if (this.#rows < ROWS_PER_TURN) return rows;
    this.#rows = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
    return rows;
  }

  #read({ pk, sk }: Key): Item | undefined {
    const row = this.#statements.get.get(pk, sk);
    return row && toItem(row as unknown as Row);
  }
}

/**
 * Syncs SQLite's log if it has commits: opening the database has made visible what a killed process wrote and did not
 * sync. SQLite holds no lock on that file which closing the descriptor would release.
 */
async function syncLog(path: string): Promise<void> {
  using log = await unlessAbsent(Deno.open(`${path}-wal`));
  if (log !== undefined && (await log.stat()).size > 0) await log.sync();
}

/** A range of sort keys: from a bound on, or only after it. */
interface RangeStatements {
  from: StatementSync;
  after: StatementSync;
}

interface Statements extends
  Record<
    "get" | "getPair" | "scan" | "dataVersion",
    StatementSync
  > {
  query: RangeStatements;
  queryKeys: RangeStatements;
  queryIndex: RangeStatements;
}

function prepareStatements(db: DatabaseSync): Statements {
  const range = (pk: string, sk: string, lower: string) =>
    `SELECT * FROM item WHERE ${pk} = ? AND ${sk} ${lower} ? AND ${sk} < ? ORDER BY ${sk}, pk, sk LIMIT ?`;
  const ranges = (pk: string, sk: string) => ({
    from: db.prepare(range(pk, sk, ">=")),
    after: db.prepare(range(pk, sk, ">")),
  });
  // One row with all keys: 10,000 rows as objects take twice the time.
  const keys = (lower: string) =>
    db.prepare(`SELECT json_group_array(sk ORDER BY sk) AS keys FROM (${range("pk", "sk", lower)})`);
  return {
    get: db.prepare("SELECT * FROM item WHERE pk = ? AND sk = ?"),
    getPair: db.prepare("SELECT * FROM item WHERE pk = ? AND sk IN (?, ?)"),
    query: ranges("pk", "sk"),
    queryKeys: { from: keys(">="), after: keys(">") },
    queryIndex: ranges("index_pk", "index_sk"),
    scan: db.prepare("SELECT * FROM item WHERE (pk, sk) > (?, ?) AND pk < ? ORDER BY pk, sk LIMIT ?"),
    // Changes with every commit of another connection, and this one commits nothing:
    // https://www.sqlite.org/pragma.html#pragma_data_version
    dataVersion: db.prepare("PRAGMA data_version"),
  };
}

/** Above all text: SQLite sorts every BLOB after every TEXT (https://www.sqlite.org/datatype3.html, §4.1). */
const ABOVE_ALL_TEXT = new Uint8Array();

/** Rows of a range, with the columns that the statements select. */
function slice(
  statements: RangeStatements,
  pk: string,
  { prefix = "", after, limit }: QueryOptions,
): ReturnType<StatementSync["all"]> {
  const upper = endOfPrefix(prefix) ?? ABOVE_ALL_TEXT;
  return after !== undefined && compareUtf8(after, prefix) >= 0
    ? statements.after.all(pk, after, upper, limit)
    : statements.from.all(pk, prefix, upper, limit);
}

function itemsOf(rows: ReturnType<StatementSync["all"]>): Item[] {
  return (rows as unknown as Row[]).map(toItem);
}

/** Columns of an item's row. Shares no object with the caller, which may change the item before the commit. */
function valuesOf({ pk, sk, attributes, bytes, index }: NewItem, version: string): SQLInputValue[] {
  return [
    pk,
    sk,
    version,
    JSON.stringify(attributes),
    bytes?.slice() ?? null,
    index?.pk ?? null,
    index?.sk ?? null,
  ];
}

function toItem({ pk, sk, version, attributes, bytes, index_pk, index_sk }: Row): Item {
  return {
    pk,
    sk,
    version,
    attributes: JSON.parse(attributes),
    ...(bytes && { bytes }),
    ...(index_pk !== null && index_sk !== null && { index: { pk: index_pk, sk: index_sk } }),
  };
}
