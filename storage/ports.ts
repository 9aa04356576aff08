/**
 * The two ports with their types and errors. Loads no driver.
 *
 * @module
 */
export { CLOCK_SKEW_MS } from "./clock_skew.ts";
export {
  BrokenBodyError,
  ContentMismatchError,
  isOutOfDescriptors,
  isStorageFull,
  LateWriteError,
  RefusedPlaceError,
  StorageFullError,
  UnavailableError,
  UnknownPartsError,
} from "./errors.ts";
export { Fence } from "./fence.ts";
export { isObjectKey } from "./objects/key.ts";
export type {
  ByteRange,
  ObjectStore,
  Part,
  PutStream,
  ReadUrl,
  StoredObject,
} from "./objects/object_store.ts";
export { inParallel, Tasks } from "./parallel.ts";
export { type ConflictOptions, ifUnchanged, repeatOnConflict, RETRY } from "./table/conflict.ts";
export {
  type KeyForm,
  keyFrom,
  keyParser,
  type KeyParts,
  keyStart,
  keyText,
  type ParsedKey,
  type PartName,
} from "./table/key_form.ts";
export { indexPages, linkedPages, pagesOf, queryPages, scanPages } from "./table/pages.ts";
export {
  type Condition,
  type Item,
  type Key,
  MAX_SORT_KEY_BYTES,
  type NewItem,
  type QueryOptions,
  type ReadOptions,
  type ScanOptions,
  type ScanPage,
  type Segment,
  type Table,
  type Value,
} from "./table/table.ts";
export { pause, withTimeout } from "./timeout.ts";
