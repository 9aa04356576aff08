import type { ByteRange } from "../../oci/mod.ts";

export type { ByteRange };

/** Stored part of a multipart object. The caller passes it to {@linkcode ObjectStore.completeParts}. */
export interface Part {
  /** From 1, without gaps. */
  number: number;
  /** Bytes. */
  size: number;
  /** ETag of the part's content, as the store defines it. */
  etag: string;
}

/** Object that is open for reading. */
export interface StoredObject {
  /** Bytes of the whole object, even if only a range is read. */
  size: number;
  /**
   * Requested bytes. The caller reads the stream to its end or cancels it. A chunk is valid only until the next read;
   * `readAll` copies.
   */
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Stores a whole object from a stream of `size` bytes. The store itself verifies their SHA-256, in hexadecimal. The key
 * stays absent if the bytes differ or are fewer.
 *
 * @throws {ContentMismatchError} if the bytes differ.
 * @throws {BrokenBodyError} if the stream fails, which is not a failure of the store.
 */
export type PutStream = (
  key: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  content: { size: number; sha256: string },
) => Promise<void>;

/**
 * URL from which every client can read the object, whole or one range, without credentials until the URL expires. Sends
 * no request, so the object may not exist. The URL stays the same for a while, so that caches can answer it. `undefined`
 * if no URL would stay valid for long enough.
 */
export type ReadUrl = (key: string) => Promise<string | undefined>;

/**
 * Bytes under write-once keys.
 *
 * A key consists of `[a-z0-9-]+` segments separated by `/`, at most 200 characters; any other key throws a
 * `RangeError`. The caller makes it from random bits and never writes it twice: nothing is overwritten, moved or
 * copied. The result of a method is durable and visible to every process at once. Every failure throws an `Error` that
 * is not a `RegistryError`: it is an outage (`StorageFullError` for a full disk).
 */
export interface ObjectStore {
  /** Bytes of every part but the last one of {@linkcode putPart}. */
  readonly partSize: number;

  /**
   * Object or a range of it; `undefined` if the key does not exist. Rejects if the store cannot tell because its bucket
   * or folder is missing.
   */
  get(key: string, range?: ByteRange): Promise<StoredObject | undefined>;

  /**
   * Size of the object in bytes; `undefined` if the key does not exist. A driver may also return `undefined` for a
   * missing bucket.
   */
  size(key: string): Promise<number | undefined>;

  /**
   * Stores a whole object. It becomes visible only when it is complete. `sha256` is the SHA-256 of the bytes in
   * hexadecimal: a driver that needs it computes it if the caller does not know it.
   */
  put(key: string, bytes: Uint8Array<ArrayBuffer>, sha256?: string): Promise<void>;

  /** Stores a whole object from a stream; absent if the store does not verify content itself. */
  readonly putStream?: PutStream | undefined;

  /** URL of an object for clients; absent if the driver has no address that clients could read from. */
  readonly url?: ReadUrl | undefined;

  /** Begins a multipart object (S3: multipart upload) and returns its id, `partsId` of the other calls. */
  startParts(key: string): Promise<string>;

  /**
   * Stores one part. A second part of the same number replaces it: completing with the earlier one then fails or yields
   * the earlier content, never the later one. Parts may arrive in any order and concurrently.
   *
   * @throws {UnknownPartsError} if the parts were completed or aborted, or never begun.
   * @throws {RangeError} for more bytes than {@linkcode partSize}.
   */
  putPart(key: string, partsId: string, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<Part>;

  /**
   * Joins the parts, ascending from 1, all except the last of {@linkcode partSize} bytes, to the object under the key.
   * The cost does not depend on the size. Idempotent: a repeat after success succeeds.
   *
   * @throws {ContentMismatchError} if a part was replaced by another one: the object can never be completed.
   * @throws {UnknownPartsError} if the parts were aborted or never begun; Ceph answers 500, which is an
   * {@linkcode UnavailableError}. If the object was deleted after they were completed, either of them or success: AWS
   * repeats its answer for a while.
   * @throws {UnavailableError} if another process is writing parts of it.
   * @throws {RangeError} without parts, or if one is out of order or has the wrong size.
   */
  completeParts(key: string, partsId: string, parts: Part[]): Promise<void>;

  /** Removes a multipart object that is not complete, with its parts. Succeeds if it does not exist. */
  abortParts(key: string, partsId: string): Promise<void>;

  /** Deletes the objects. Succeeds for keys that do not exist. */
  delete(keys: string[]): Promise<void>;

  /** Keys that begin with `prefix`, in the order of their UTF-8 bytes, after `after`, at most `limit`. */
  list(prefix: string, options: { after?: string; limit: number }): Promise<string[]>;

  /**
   * Multipart objects that are neither completed nor aborted, under keys that begin with `prefix`; at most `limit`. For
   * more, the caller aborts these and calls again.
   */
  listParts(prefix: string, limit: number): Promise<{ key: string; partsId: string }[]>;
}
