import type { ObjectStore, Part } from "../storage/ports.ts";

/** Writes an object from chunks of any size with one part of it in memory; nothing is visible before all of it is. */
export class ObjectWriter {
  readonly #objects: ObjectStore;
  readonly #key: string;
  readonly #room: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #filled = 0;
  #partsId: string | undefined;
  readonly #parts: Part[] = [];

  /** Creates a writer of the object under `key`; `size` is in bytes, if known. */
  constructor(objects: ObjectStore, key: string, size: number = Infinity) {
    this.#objects = objects;
    this.#key = key;
    this.#room = Math.min(objects.partSize, size);
    this.#buffer = new Uint8Array(this.#room);
  }

  /** Takes the next bytes, which are the caller's again afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length;) {
      if (this.#filled === this.#room) await this.#sendPart();
      const taken = chunk.subarray(offset, offset + this.#room - this.#filled);
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
    // An attempt that was given up may be reading the old one still.
    this.#buffer = new Uint8Array(this.#room);
    this.#filled = 0;
  }
}
