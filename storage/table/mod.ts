/**
 * Versioned items with conditional writes: the port and its drivers.
 *
 * @module
 */

export { MemoryTable, type MemoryTableOptions } from "./memory.ts";
export { SqliteTable, type SqliteTableOptions } from "./sqlite.ts";
export type { Condition, Item, Key, NewItem, QueryOptions, ReadOptions, Table, Value } from "./table.ts";
