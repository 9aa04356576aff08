/** Thrown where the disk has no room left: what was being written is not there, what was written before is. */
export class StorageFullError extends Error {
  /** Tells it from every other error. */
  override readonly name = "StorageFullError";

  /** The error for a full disk; `cause` is what the system said. */
  constructor(cause: unknown) {
    super("Cannot store the content: the disk is full", { cause });
  }
}

/** Thrown where a store cannot be reached, or fails again and again: what was being done may be done or not. */
export class UnavailableError extends Error {
  /** Tells it from every other error. */
  override readonly name = "UnavailableError";

  /** The error for `what` could not be done; `cause` is how the last attempt failed. */
  constructor(what: string, cause: unknown) {
    super(`Cannot ${what}: the store does not answer`, { cause });
  }
}

/** Thrown for a write that came after its fence; it was not done. */
export class LateWriteError extends Error {
  /** Tells it from every other error. */
  override readonly name = "LateWriteError";

  /** The error. */
  constructor() {
    super("Cannot write: the fence has passed");
  }
}

/** Thrown where a scan of a segment cannot go on behind an item, because the table has its place in another segment. */
export class RefusedPlaceError extends Error {
  /** Tells it from every other error. */
  override readonly name = "RefusedPlaceError";

  /** The error; `cause` is what the store said. */
  constructor(cause: unknown) {
    super("Cannot continue the scan: its position is not in the segment", { cause });
  }
}

/** Thrown where bytes are not those that their digest promised; nothing was stored. */
export class ContentMismatchError extends Error {
  /** Tells it from every other error. */
  override readonly name = "ContentMismatchError";

  /** The error for the object under `key`; `cause` is what the store said. */
  constructor(key: string, cause?: unknown) {
    super(`Content for "${key}" does not match its digest`, { cause });
  }
}

/** Thrown where a body breaks off that was to be stored as it comes, by the fault of who sends it; nothing was stored. */
export class BrokenBodyError extends Error {
  /** Tells it from every other error. */
  override readonly name = "BrokenBodyError";

  /** The error for the object under `key`; `cause` is what reading the body has said. */
  constructor(key: string, cause: unknown) {
    super(`Body for "${key}" ended early`, { cause });
  }
}

/** SQLITE_FULL, https://www.sqlite.org/rescode.html#full. */
const SQLITE_FULL = 13;

/** True if `error`, of the file system, of SQLite or of a driver, tells of a full disk. */
export function isStorageFull(error: unknown): boolean {
  const { code, errcode } = Object(error) as { code?: unknown; errcode?: unknown };
  return error instanceof StorageFullError || code === "ENOSPC" || code === "EDQUOT" ||
    errcode === SQLITE_FULL;
}

/** True if `error`, of the file system or the network, tells that the process or the system has no file descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return code === "EMFILE" || code === "ENFILE";
}

/** Converts an error of the file system or SQLite: `StorageFullError` for a full disk, otherwise `error` itself. */
export function toStorageError(error: unknown): unknown {
  return isStorageFull(error) ? new StorageFullError(error) : error;
}
