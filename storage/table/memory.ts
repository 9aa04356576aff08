// deno-lint-ignore-file require-await -- Errors must reject the promise, as in the other drivers

import { compareUtf8 } from "../utf8_order.ts";
import type { Fence } from "../fence.ts";
import { nextOf } from "./scan_page.ts";
import { isInRange, rangeOf } from "./segments.ts";
import type { Condition, Item, Key, NewItem, QueryOptions, ScanOptions, ScanPage, Table } from "./table.ts";
import { randomVersion } from "./version.ts";

/** Settings of a {@linkcode MemoryTable}. */
export interface MemoryTableOptions {
  /** Creates an item version that was never used before; random by default. */
  newVersion?: () => string;
}

/** Stored item. Its attributes are JSON, so it shares no object with callers. */
interface StoredItem extends Omit<Item, "attributes"> {
  attributes: string;
}

/** Table in the memory of this process, for tests. Uses no clock, and no randomness except for versions. */
export class MemoryTable implements Table {
  readonly #partitions = new Map<string, Map<string, StoredItem>>();
  readonly #newVersion: () => string;
  #changes = 0;

  /** An empty table. */
  constructor(options: MemoryTableOptions = {}) {
    this.#newVersion = options.newVersion ?? randomVersion;
  }

  async get(key: Key): Promise<Item | undefined> {
    return this.#read(key);
  }

  async getMany(keys: Key[]): Promise<(Item | undefined)[]> {
    return keys.map((key) => this.#read(key));
  }

  async put(item: NewItem, condition: Condition, fence?: Fence): Promise<string | undefined> {
    fence?.check();
    const stored = this.#partitions.get(item.pk)?.get(item.sk);
    const holds = "ifAbsent" in condition ? !stored : stored?.version === condition.ifVersion;
    return holds ? this.#write(item) : undefined;
  }

  async putMany(items: NewItem[], fence?: Fence): Promise<void> {
    fence?.check();
    for (const item of items) this.#write(item);
  }

  async delete(key: Key, condition: { ifVersion: string }, fence?: Fence): Promise<boolean> {
    fence?.check();
    const partition = this.#partitions.get(key.pk);
    if (partition?.get(key.sk)?.version !== condition.ifVersion) return false;
    partition.delete(key.sk);
    this.#changes++;
    if (partition.size === 0) this.#partitions.delete(key.pk);
    return true;
  }

  async query(pk: string, options: QueryOptions): Promise<Item[]> {
    const items = this.#partitions.get(pk)?.values() ?? [];
    return slice([...items].map((item) => [item.sk, item]), options);
  }

  async queryKeys(pk: string, options: QueryOptions): Promise<string[]> {
    return (await this.query(pk, options)).map(({ sk }) => sk);
  }

  async queryIndex(pk: string, options: QueryOptions): Promise<Item[]> {
    const entries: [string, StoredItem][] = [];
    for (const partition of this.#partitions.values()) {
      for (const item of partition.values()) {
        if (item.index?.pk === pk) entries.push([item.index.sk, item]);
      }
    }
    return slice(entries, options);
  }

  async scan({ after, limit, segment }: ScanOptions): Promise<ScanPage> {
    const items: Item[] = [];
    const range = rangeOf(segment);
    for (const pk of [...this.#partitions.keys()].sort(compareUtf8)) {
      if (!isInRange(pk, range)) continue;
      const order = after === undefined ? 1 : compareUtf8(pk, after.pk);
      if (order < 0) continue;
      const left = await this.query(pk, {
        ...(order === 0 && after !== undefined && { after: after.sk }),
        limit: limit - items.length,
      });
      items.push(...left);
      if (items.length === limit) break;
    }
    return { items, ...nextOf(items, limit) };
  }

  async changeCount(): Promise<number> {
    return this.#changes;
  }

  #read({ pk, sk }: Key): Item | undefined {
    const stored = this.#partitions.get(pk)?.get(sk);
    return stored && thaw(stored);
  }

  #write(item: NewItem): string {
    const version = this.#newVersion();
    this.#changes++;
    const stored = freeze(item, version);
    const partition = this.#partitions.get(item.pk);
    if (partition) partition.set(item.sk, stored);
    else this.#partitions.set(item.pk, new Map([[item.sk, stored]]));
    return version;
  }
}

/** Items that the options select, sorted by the string before each item. */
function slice(entries: [string, StoredItem][], { prefix = "", after, limit }: QueryOptions): Item[] {
  return entries
    .filter(([sk]) => sk.startsWith(prefix) && (after === undefined || compareUtf8(sk, after) > 0))
    .sort(([a], [b]) => compareUtf8(a, b))
    .slice(0, limit)
    .map(([, item]) => thaw(item));
}

function freeze({ pk, sk, attributes, bytes, index }: NewItem, version: string): StoredItem {
  return {
    pk,
    sk,
    version,
    attributes: JSON.stringify(attributes),
    ...(bytes && { bytes: bytes.slice() }),
    ...(index && { index: { pk: index.pk, sk: index.sk } }),
  };
}

function thaw({ attributes, bytes, index, ...rest }: StoredItem): Item {
  return {
    ...rest,
    attributes: JSON.parse(attributes),
    ...(bytes && { bytes: bytes.slice() }),
    ...(index && { index: { ...index } }),
  };
}
