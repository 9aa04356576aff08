/** Thrown where the disk has no room left: what was being written is not there, what was written before is. */
export class StorageFullError extends Error {
  /** Tells it from every other error. */
  override readonly name = "StorageFullError";

  /** The error for a full disk; `cause` is what the system said. */
  constructor(cause: unknown) {
    super("Cannot store the content: the disk is full", { cause });
  }
}

/** SQLITE_FULL, https://www.sqlite.org/rescode.html#full. */
const SQLITE_FULL = 13;

/** What a driver throws on for what the file system or SQLite threw: `error` itself unless it tells of a full disk. */
export function toStorageError(error: unknown): unknown {
  const { code, errcode } = Object(error) as { code?: unknown; errcode?: unknown };
  const full = code === "ENOSPC" || code === "EDQUOT" || errcode === SQLITE_FULL;
  return full ? new StorageFullError(error) : error;
}
