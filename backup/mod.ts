/**
 * A registry's items as a backup, a table from a backup, and a whole registry from one pair of stores to another.
 *
 * @module
 */
export { Archive, type BackupCounts, type BackupHeader, writeArchive } from "./archive.ts";
export { BackupError } from "./backup_error.ts";
export { copyObjects, type CopyOptions, copyRegistry } from "./copy.ts";
export type { NamedObject } from "./kinds.ts";
export { restore } from "./restore.ts";
export type { ItemSource, RestoreOptions, RestoreReport } from "./restore_options.ts";
export { Salvage, type SalvageOptions } from "./salvage.ts";
export { isBackupName, listBackups, newBackupName, openShelved, shelve, type StoredBackup } from "./shelf.ts";
export { snapshot, type Stores } from "./snapshot.ts";
export { assertRestorable, MARKER } from "./target.ts";
