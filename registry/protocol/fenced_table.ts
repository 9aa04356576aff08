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

/** A table in which no write takes effect after a point in time. */
export class FencedTable implements Table {
  readonly #table: Table;
  readonly #fence: Fence;

  /** `table`, for writes until `until` (milliseconds since the epoch, by `now`). */
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
    return inTime(this.#table.put(item, condition, this.#fence));
  }

  putMany(items: NewItem[]): Promise<void> {
    return inTime(this.#table.putMany(items, this.#fence));
  }

  delete(key: Key, condition: { ifVersion: string }): Promise<boolean> {
    return inTime(this.#table.delete(key, condition, this.#fence));
  }

  query(pk: string, options: QueryOptions & ReadOptions): Promise<Item[]> {
    return this.#table.query(pk, options);
  }

  queryIndex(pk: string, options: QueryOptions): Promise<Item[]> {
    return this.#table.queryIndex(pk, options);
  }

  scan(options: ScanOptions): Promise<ScanPage> {
    return this.#table.scan(options);
  }
}

/** The write's answer, with the driver's error replaced by one that a client may see. */
async function inTime<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof LateWriteError)) throw error;
    throw unavailable("Cannot write: the request has passed its deadline", { cause: error });
  }
}
