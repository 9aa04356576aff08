/** Thrown if the disk is full: the current write failed, and earlier writes are intact. */
export class StorageFullError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "StorageFullError";

  /** Error for a full disk; `cause` is the system's error. */
  constructor(cause: unknown) {
    super("Cannot store the content: the disk is full", { cause });
  }
}

/** Thrown if a store cannot be reached or keeps failing: the operation may or may not have taken effect. */
export class UnavailableError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "UnavailableError";

  /** Error for the failed `action`, such as "read the item"; `cause` is the error of the last attempt. */
  constructor(action: string, cause: unknown) {
    super(`Cannot ${action}: the store does not answer`, { cause });
  }
}

/** Thrown for a write after the deadline of its fence; nothing was written. */
export class LateWriteError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "LateWriteError";

  /** The error. */
  constructor() {
    super("Cannot write: the fence has passed");
  }
}

/** Thrown if a scan of a segment cannot continue after an item, because the item now belongs to another segment. */
export class RefusedPlaceError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "RefusedPlaceError";

  /** Error with the store's error as `cause`. */
  constructor(cause: unknown) {
    super("Cannot continue the scan: its position is not in the segment", { cause });
  }
}

/** Thrown if bytes do not match their digest; nothing was stored. */
export class ContentMismatchError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "ContentMismatchError";

  /** Error for the object under `key`, with the store's error as `cause`. */
  constructor(key: string, cause?: unknown) {
    super(`Content for "${key}" does not match its digest`, { cause });
  }
}

/** Thrown for parts that were aborted or never begun, or whose object was deleted after they were completed. */
export class UnknownPartsError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "UnknownPartsError";

  /** The error for the parts `partsId` of the object under `key`, with the store's error as `cause`. */
  constructor(key: string, partsId: string, cause?: unknown) {
    super(`Cannot find parts ${JSON.stringify(partsId)} of ${JSON.stringify(key)}`, { cause });
  }
}

/** Thrown if the sender of a streamed body does not complete it; nothing was stored. */
export class BrokenBodyError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "BrokenBodyError";

  /** The error for the object under `key`; `cause` is what reading the body has said. */
  constructor(key: string, cause: unknown) {
    super(`Body for "${key}" ended early`, { cause });
  }
}

/** SQLITE_FULL, https://www.sqlite.org/rescode.html#full. */
const SQLITE_FULL = 13;

/** True for an error of the file system, SQLite or a driver that reports a full disk. */
export function isStorageFull(error: unknown): boolean {
  const { code, errcode } = Object(error) as { code?: unknown; errcode?: unknown };
  return error instanceof StorageFullError || code === "ENOSPC" || code === "EDQUOT" ||
    errcode === SQLITE_FULL;
}

/** True for an error of the file system or the network: the process or the system has no file descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return code === "EMFILE" || code === "ENFILE";
}

/** Converts an error of the file system or SQLite: `StorageFullError` for a full disk, otherwise `error` itself. */
export function toStorageError(error: unknown): unknown {
  return isStorageFull(error) ? new StorageFullError(error) : error;
}
