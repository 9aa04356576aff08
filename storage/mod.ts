/**
 * The two ports that everything is kept behind, and their drivers.
 *
 * @module
 */

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
export * from "./table/mod.ts";
