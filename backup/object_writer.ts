import type { ObjectStore, Part } from "../storage/ports.ts";

/** Writes an object from chunks of any size, with one part in memory. The object becomes visible when it is complete. */
export class ObjectWriter {
  readonly #objects: ObjectStore;
  readonly #key: string;
  readonly #partSize: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #filled = 0;
  #partsId: string | undefined;
  readonly #parts: Part[] = [];

  /** Creates a writer of the object under `key`; `size` is in bytes, if known. */
  constructor(objects: ObjectStore, key: string, size: number = Infinity) {
    this.#objects = objects;
    this.#key = key;
    this.#partSize = Math.min(objects.partSize, size);
    this.#buffer = new Uint8Array(this.#partSize);
  }

  /** Copies the next bytes; the caller may reuse the chunk afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length;) {
      if (this.#filled === this.#partSize) await this.#sendPart();
      const taken = chunk.subarray(offset, offset + this.#partSize - this.#filled);
      this.#buffer.set(taken, this.#filled);
      this.#filled += taken.length;
      offset += taken.length;
    }
  }

  /** Completes the object. */
  async publish(): Promise<void> {
    if (this.#partsId === undefined) {
      return await this.#objects.put(this.#key, this.#buffer.subarray(0, this.#filled));
    }
    await this.#sendPart();
    await this.#objects.completeParts(this.#key, this.#partsId, this.#parts);
  }

  /** Discards the written bytes. */
  async drop(): Promise<void> {
    if (this.#partsId !== undefined) await this.#objects.abortParts(this.#key, this.#partsId);
  }

  async #sendPart(): Promise<void> {
    this.#partsId ??= await this.#objects.startParts(this.#key);
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#parts.push(
      await this.#objects.putPart(this.#key, this.#partsId, this.#parts.length + 1, bytes),
    );
    // A new buffer, because a timed-out attempt may still read the old one.
    this.#buffer = new Uint8Array(this.#partSize);
    this.#filled = 0;
  }
}
