import { unavailable } from "../../oci/mod.ts";
import {
  type Condition,
  Fence,
  type Item,
  type Key,
  LateWriteError,
  type NewItem,
  type QueryOptions,
  type ReadOptions,
  type ScanOptions,
  type ScanPage,
  type Table,
} from "../../storage/ports.ts";

/** Table whose writes have no effect after a deadline. */
export class FencedTable implements Table {
  readonly #table: Table;
  readonly #fence: Fence;

  /** The table without its fence. */
  static unfenced(table: Table): Table {
    return table instanceof FencedTable ? table.#table : table;
  }

  /** Table over `table` with the deadline `until`, in milliseconds since the epoch by the clock `now`. */
  constructor(table: Table, now: () => number, until: number) {
    this.#table = table;
    this.#fence = new Fence(now, until);
  }

  get(key: Key, options?: ReadOptions): Promise<Item | undefined> {
    return this.#table.get(key, options);
  }

  getMany(keys: Key[], options?: ReadOptions): Promise<(Item | undefined)[]> {
    return this.#table.getMany(keys, options);
  }

  put(item: NewItem, condition: Condition): Promise<string | undefined> {
    return withDeadlineError(this.#table.put(item, condition, this.#fence));
  }

  putMany(items: NewItem[]): Promise<void> {
    return withDeadlineError(this.#table.putMany(items, this.#fence));
  }

  delete(key: Key, condition: { ifVersion: string }): Promise<boolean> {
    return withDeadlineError(this.#table.delete(key, condition, this.#fence));
  }

  query(pk: string, options: QueryOptions & ReadOptions): Promise<Item[]> {
    return this.#table.query(pk, options);
  }

  queryKeys(pk: string, options: QueryOptions & ReadOptions): Promise<string[]> {
    return this.#table.queryKeys(pk, options);
  }

  queryIndex(pk: string, options: QueryOptions): Promise<Item[]> {
    return this.#table.queryIndex(pk, options);
  }

  scan(options: ScanOptions): Promise<ScanPage> {
    return this.#table.scan(options);
  }
}

/** Result of the write. Replaces the error of a late write by one that a client may see. */
async function withDeadlineError<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof LateWriteError)) throw error;
    throw unavailable("Cannot write: the request has passed its deadline", { cause: error });
  }
}
