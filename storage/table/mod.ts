/**
 * Versioned items with conditional writes: the port and its drivers.
 *
 * @module
 */

export { Fence } from "../fence.ts";
export { MemoryTable, type MemoryTableOptions } from "./memory.ts";
export { SqliteTable, type SqliteTableOptions } from "./sqlite.ts";
export type {
  Condition,
  Item,
  Key,
  NewItem,
  QueryOptions,
  ReadOptions,
  ScanOptions,
  ScanPage,
  Segment,
  Table,
  Value,
} from "./table.ts";
