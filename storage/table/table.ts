import type { Fence } from "../fence.ts";

/** Maximum bytes of a sort key in every table. */
export const MAX_SORT_KEY_BYTES = 1024;

/** The name of an item: a partition and a place in it, which sorts by its UTF-8 bytes. */
export interface Key {
  /** The partition. */
  pk: string;
  /** The place in it. */
  sk: string;
}

/** Value of an item's attribute: JSON without `undefined`. */
export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

/** An item as it is written. */
export interface NewItem extends Key {
  /** The item's own facts, in all far under 400 KB together with `bytes`. */
  attributes: { [name: string]: Value };
  /** Binary content, kept as it is. */
  bytes?: Uint8Array<ArrayBuffer>;
  /** Key under which {@linkcode Table.queryIndex} finds the item. */
  index?: Key;
}

/** An item as it is read. */
export interface Item extends NewItem {
  /** A fresh random token at every write: the condition for the next writer. */
  version: string;
}

/** State of the stored item that a write requires. */
export type Condition = { ifAbsent: true } | { ifVersion: string };

/** A slice of a partition, in the order of the sort keys' UTF-8 bytes. */
export interface QueryOptions {
  /** Only sort keys that begin with this. */
  prefix?: string;
  /** Only sort keys greater than this one, which need not exist. */
  after?: string;
  /** Maximum items of the page; it has fewer only at the end. */
  limit: number;
}

/** A part of a table that is scanned in several parts at the same time. Each partition is in one segment, as a whole. */
export interface Segment {
  /** From 0 on. */
  number: number;
  /** Segments in all. */
  of: number;
  /**
   * Partition keys, in their order, that divide the items into about equal parts. A driver that keeps partitions in
   * order begins each segment at one of them. Any keys are correct.
   */
  cuts: readonly string[];
}

/** A slice of the whole table. */
export interface ScanOptions extends ReadOptions {
  /** Scans only this part of the table. Every page needs the same number of segments, and the same cuts. */
  segment?: Segment;
  /** Continues after this key; the item need not exist any more. */
  after?: Key;
  /** At most this many items; fewer may come although there are more. */
  limit: number;
}

/** Page of a scan. */
export interface ScanPage {
  /** Items of the page; those of one partition are together, in the order of their sort keys. */
  items: Item[];
  /** Key after which the next page begins; absent on the last page. */
  next?: Key;
}

/** Options of a read. */
export interface ReadOptions {
  /** True if the read must see every write that was acknowledged before it began. */
  consistent?: boolean;
}

/**
 * Items with conditional writes, one at a time, without transactions. The result of a method is durable. Every failure
 * throws an `Error` that is no `RegistryError`: it is an outage.
 *
 * A write with a fence does not take effect after it, and then rejects with a `LateWriteError`. A driver checks the
 * fence where the write takes effect; a networked driver limits each attempt to the remaining time.
 */
export interface Table {
  /** The item, or `undefined`. */
  get(key: Key, options?: ReadOptions): Promise<Item | undefined>;

  /** The items under these keys, in their order, `undefined` for each absent one. A batch is no snapshot. */
  getMany(keys: Key[], options?: ReadOptions): Promise<(Item | undefined)[]>;

  /** Writes if the condition holds. Returns the item's new version; `undefined` if the condition does not hold. */
  put(item: NewItem, condition: Condition, fence?: Fence): Promise<string | undefined>;

  /** Writes the items unconditionally. Idempotent; after a crash, some of them may be missing. */
  putMany(items: NewItem[], fence?: Fence): Promise<void>;

  /** Deletes the item if it has this version. Answers true if it did. */
  delete(key: Key, condition: { ifVersion: string }, fence?: Fence): Promise<boolean>;

  /** Items of one partition. */
  query(pk: string, options: QueryOptions & ReadOptions): Promise<Item[]>;

  /** Sort keys of the items that {@linkcode Table.query} would return, without reading the rest of them. */
  queryKeys(pk: string, options: QueryOptions & ReadOptions): Promise<string[]>;

  /** Items by their `index` key; may lag behind the writes, so nothing that must be safe depends on it. */
  queryIndex(pk: string, options: QueryOptions): Promise<Item[]>;

  /**
   * All items of all partitions, for background work; no request scans. Partitions come whole, in the driver's order.
   * Items that are written or deleted during the scan may or may not be included.
   *
   * @throws {RefusedPlaceError} if `after` is not in the segment and the driver can tell.
   */
  scan(options: ScanOptions): Promise<ScanPage>;

  /**
   * A number that every write of any process changes, and that never comes back; consistent, and cheaper than a read of
   * an item. Only drivers have it that can tell.
   */
  changeCount?(): Promise<number>;
}
