/**
 * Bytes under write-once keys: the port and its drivers.
 *
 * @module
 */

export { FilesystemObjectStore, type FilesystemObjectStoreOptions } from "./filesystem.ts";
export { MemoryObjectStore, type MemoryObjectStoreOptions } from "./memory.ts";
export type { ByteRange, ObjectStore, Part, PutStream, ReadUrl, StoredObject } from "./object_store.ts";
export { readAll } from "./read_all.ts";
