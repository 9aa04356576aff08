// deno-lint-ignore-file require-await -- Errors must reject the promise, as in the other drivers

import { createHash } from "node:crypto";
import { ContentMismatchError, UnknownPartsError } from "../errors.ts";
import { compareUtf8 } from "../utf8_order.ts";
import { checkKey, checkPrefix } from "./key.ts";
import type { ByteRange, ObjectStore, Part, PutStream, StoredObject } from "./object_store.ts";
import { checkPart, checkRange, DEFAULT_PART_BYTES, sizeOfParts } from "./parts.ts";

/** Settings of a {@linkcode MemoryObjectStore}. */
export interface MemoryObjectStoreOptions {
  /** See {@linkcode ObjectStore.partSize}; 1 MiB by default. */
  partSize?: number;
  /** True if the store verifies content itself (`putStream`). Default: false. */
  verifies?: boolean;
}

/** Part in memory. */
interface StoredPart {
  etag: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Maximum bytes of a chunk of a read. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Object store in memory, for tests. It uses no clock and no randomness, so a run can be repeated. It is as strict as
 * the strictest store: an upload with an overwritten part cannot be completed.
 */
export class MemoryObjectStore implements ObjectStore {
  readonly partSize: number;
  readonly putStream?: PutStream | undefined;
  readonly #objects = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #begun = new Map<string, { key: string; parts: Map<number, StoredPart> }>();
  #counter = 0;

  /** An empty store. */
  constructor(options: MemoryObjectStoreOptions = {}) {
    this.partSize = options.partSize ?? DEFAULT_PART_BYTES;
    if (options.verifies) this.putStream = (...args) => this.#putStream(...args);
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    checkKey(key);
    const bytes = this.#objects.get(key);
    if (!bytes) return undefined;
    if (range) checkRange(range, bytes.length);
    return {
      size: bytes.length,
      body: streamOf(range ? bytes.subarray(range.first, range.last + 1) : bytes),
    };
  }

  async size(key: string): Promise<number | undefined> {
    checkKey(key);
    return this.#objects.get(key)?.length;
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>, sha256?: string): Promise<void> {
    checkKey(key);
    if (sha256 !== undefined && sha256 !== hexOf(bytes)) throw new ContentMismatchError(key);
    this.#objects.set(key, bytes.slice());
  }

  async #putStream(...[key, body, { size, sha256 }]: Parameters<PutStream>) {
    checkKey(key);
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    if (bytes.length !== size || hexOf(bytes) !== sha256) throw new ContentMismatchError(key);
    this.#objects.set(key, bytes);
  }

  async startParts(key: string): Promise<string> {
    checkKey(key);
    const partsId = `parts-${++this.#counter}`;
    this.#begun.set(partsId, { key, parts: new Map() });
    return partsId;
  }

  async putPart(
    key: string,
    partsId: string,
    number: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Part> {
    checkPart(number, bytes, this.partSize);
    const parts = this.#partsOf(key, partsId);
    if (!parts) throw new UnknownPartsError(key, partsId);
    const etag = `etag-${++this.#counter}`;
    parts.set(number, { etag, bytes: bytes.slice() });
    return { number, size: bytes.length, etag };
  }

  async completeParts(key: string, partsId: string, parts: Part[]): Promise<void> {
    const size = sizeOfParts(parts, this.partSize);
    const stored = this.#partsOf(key, partsId);
    if (!stored) {
      if (this.#objects.get(key)?.length === size) return;
      throw new UnknownPartsError(key, partsId);
    }
    const object = new Uint8Array(size);
    for (const [i, part] of parts.entries()) {
      const found = stored.get(part.number);
      if (found?.etag !== part.etag || found.bytes.length !== part.size) {
        throw new ContentMismatchError(key, `Part ${part.number} was replaced or has another size`);
      }
      object.set(found.bytes, i * this.partSize);
    }
    this.#objects.set(key, object);
    this.#begun.delete(partsId);
  }

  async abortParts(key: string, partsId: string): Promise<void> {
    if (this.#partsOf(key, partsId)) this.#begun.delete(partsId);
  }

  async delete(keys: string[]): Promise<void> {
    keys.forEach(checkKey);
    for (const key of keys) this.#objects.delete(key);
  }

  async list(prefix: string, options: { after?: string; limit: number }): Promise<string[]> {
    checkPrefix(prefix);
    const { after, limit } = options;
    return [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || compareUtf8(key, after) > 0))
      .sort(compareUtf8)
      .slice(0, limit);
  }

  async listParts(prefix: string, limit: number): Promise<{ key: string; partsId: string }[]> {
    checkPrefix(prefix);
    return [...this.#begun]
      .filter(([, { key }]) => key.startsWith(prefix))
      .slice(0, limit)
      .map(([partsId, { key }]) => ({ key, partsId }));
  }

  /** Parts of a multipart object by number; `undefined` if it was not begun, or is completed or aborted. */
  #partsOf(key: string, partsId: string): Map<number, StoredPart> | undefined {
    checkKey(key);
    const begun = this.#begun.get(partsId);
    return begun?.key === key ? begun.parts : undefined;
  }
}

/** SHA-256 of the bytes. */
function hexOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Stream of the bytes; each chunk is copied when it is read. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.length) return controller.close();
      const chunk = bytes.slice(at, at + CHUNK_BYTES);
      at += chunk.length;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}
