import { unavailable } from "../oci/errors.ts";
import type {
  Condition,
  Item,
  Key,
  NewItem,
  QueryOptions,
  ReadOptions,
  ScanOptions,
  ScanPage,
  Table,
} from "../storage/table/table.ts";

/** A table that writes nothing after a point in time. */
export class FencedTable implements Table {
  readonly #table: Table;
  readonly #now: () => number;
  readonly #until: number;

  /** `table`, for writes until `until` (milliseconds since the epoch, by `now`). */
  constructor(table: Table, now: () => number, until: number) {
    this.#table = table;
    this.#now = now;
    this.#until = until;
  }

  #check(): void {
    if (this.#now() >= this.#until) throw unavailable("Cannot write: the request has passed its deadline");
  }

  get(key: Key, options?: ReadOptions): Promise<Item | undefined> {
    return this.#table.get(key, options);
  }

  getMany(keys: Key[], options?: ReadOptions): Promise<(Item | undefined)[]> {
    return this.#table.getMany(keys, options);
  }

  // deno-lint-ignore require-await -- a missed deadline is a rejection, as every other failure is
  async put(item: NewItem, condition: Condition): Promise<string | undefined> {
    this.#check();
    return this.#table.put(item, condition);
  }

  // deno-lint-ignore require-await -- as above
  async putMany(items: NewItem[]): Promise<void> {
    this.#check();
    return this.#table.putMany(items);
  }

  // deno-lint-ignore require-await -- as above
  async delete(key: Key, condition: { ifVersion: string }): Promise<boolean> {
    this.#check();
    return this.#table.delete(key, condition);
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
