import type { ByteRange } from "../../oci/mod.ts";

export type { ByteRange };

/** A part that the store has taken; what {@linkcode ObjectStore.completeParts} is told again. */
export interface Part {
  /** From 1, without gaps. */
  number: number;
  /** Bytes. */
  size: number;
  /** The store's own mark of the part's content. */
  etag: string;
}

/** An object as it is read. */
export interface StoredObject {
  /** Bytes of the whole object, whatever range is read. */
  size: number;
  /**
   * Requested bytes. The caller reads the stream to its end or cancels it. A chunk is valid only until the next read;
   * `readAll` copies.
   */
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Stores a whole object from a stream of `size` bytes, whose SHA-256, in hexadecimal, the store itself checks. Nothing is
 * visible under the key where they are others or fewer.
 *
 * @throws {ContentMismatchError} where the bytes are others.
 * @throws {BrokenBodyError} where the stream breaks off and it is known that this is not the store's fault.
 */
export type PutStream = (
  key: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  content: { size: number; sha256: string },
) => Promise<void>;

/**
 * Bytes under write-once keys.
 *
 * A key is made of `[a-z0-9-]+` segments with `/` between them, 200 characters at most; anything else throws a
 * `RangeError`. It is made by the caller from random bits and never written twice: nothing is overwritten, moved or
 * copied. What a method has answered is durable and readable from every process at once. Anything that fails throws an
 * `Error` that is no `RegistryError`: it is an outage (`StorageFullError` where it is for want of room).
 */
export interface ObjectStore {
  /** Bytes of every part but the last one of {@linkcode putPart}. */
  readonly partSize: number;

  /**
   * The object or a range of it, `undefined` where there is none under the key. Rejects where that cannot be known
   * because the bucket or the folder of the whole store is missing.
   */
  get(key: string, range?: ByteRange): Promise<StoredObject | undefined>;

  /** Bytes of the object, `undefined` where there is none. A driver may answer so for a missing bucket as well. */
  size(key: string): Promise<number | undefined>;

  /** Stores a whole object. Nothing is visible under the key before all of it is. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;

  /** Absent for a store that does not check content by itself. */
  readonly putStream?: PutStream | undefined;

  /** Begins an object that comes in parts, and answers the id that the other calls name it by. */
  startParts(key: string): Promise<string>;

  /**
   * Stores one part. The same number again overwrites it: with the earlier one nothing completes any more, or its own
   * content does, never the later one's. Parts may come in any order and several at once.
   *
   * @throws {RangeError} where the bytes are more than {@linkcode partSize}.
   */
  putPart(key: string, partsId: string, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<Part>;

  /**
   * Makes the parts, ascending from 1, all but the last of {@linkcode partSize}, the object under the key. Its cost
   * does not depend on the size. Repeated for what is complete already, it succeeds again.
   *
   * @throws {ContentMismatchError} where a part has become another than the one that was taken: nothing completes it.
   * @throws {Error} where the parts are unknown (aborted, or never begun) and there is no object under the key.
   * @throws {RangeError} where there are no parts, or one is out of place or of the wrong size.
   */
  completeParts(key: string, partsId: string, parts: Part[]): Promise<void>;

  /** Forgets what {@linkcode startParts} began; absent is fine. */
  abortParts(key: string, partsId: string): Promise<void>;

  /** Deletes the objects; absent ones are fine. */
  delete(keys: string[]): Promise<void>;

  /** Keys that begin with `prefix`, in the order of their UTF-8 bytes, after `after`, at most `limit`. */
  list(prefix: string, options: { after?: string; limit: number }): Promise<string[]>;

  /**
   * Parts that were begun under a key that begins with `prefix` and neither completed nor aborted.
   * At most `limit`; abort them and ask again for more.
   */
  listParts(prefix: string, limit: number): Promise<{ key: string; partsId: string }[]>;
}
