/**
 * The registry as a Hono app, and what assembles it with a storage of your own: see docs/embed.md.
 *
 * ```ts
 * const { registry, epochs } = createRegistry({ objects: new MemoryObjectStore(), table: new MemoryTable() });
 * const app = createApp({
 *   registry: cached(registry, epochs),
 *   log: console.log,
 *   ready: () => Promise.resolve(true),
 *   limits: { maxManifestSize: 4 * 1024 * 1024, uploadIdleTimeout: 60_000 },
 * });
 * ```
 *
 * @module
 */
export { cached, type CacheOptions } from "../cache/mod.ts";
export * from "../oci/mod.ts";
export * from "../registry/mod.ts";
export * from "../routes/mod.ts";
export {
  BrokenBodyError,
  type ByteRange,
  type Condition,
  ContentMismatchError,
  Fence,
  type Item,
  type Key,
  LateWriteError,
  type NewItem,
  type ObjectStore,
  type Part,
  type PutStream,
  type QueryOptions,
  type ReadOptions as TableReadOptions,
  RefusedPlaceError,
  type ScanOptions,
  type ScanPage,
  type Segment,
  StorageFullError,
  type StoredObject,
  type Table,
  UnavailableError,
  type Value,
} from "../storage/ports.ts";
export { FilesystemObjectStore, MemoryObjectStore, MemoryTable, SqliteTable } from "../storage/mod.ts";
