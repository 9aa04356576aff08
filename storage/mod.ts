/**
 * Storage: its two ports, the object store and the table, and their drivers.
 *
 * @module
 */

export { ensureFolder, syncFolder, unlessAbsent } from "./durable_folder.ts";
export {
  BrokenBodyError,
  ContentMismatchError,
  isStorageFull,
  LateWriteError,
  RefusedPlaceError,
  StorageFullError,
  UnavailableError,
} from "./errors.ts";
export * from "./objects/mod.ts";
export { readAll } from "./objects/read_all.ts";
export { PRIVATE_FILE_MODE } from "./private_files.ts";
export * from "./table/mod.ts";
export { isInRange, type PartitionRange, rangeOf } from "./table/segments.ts";
export { compareUtf8 } from "./utf8_order.ts";
