import type { BufferPool, Filler } from "./buffer_pool.ts";

/** The first buffer of a body of unknown length, in bytes. */
const FIRST_BYTES = 64 * 1024;

/** Maximum bytes that a request without a place in the pool may hold. */
const MAX_SMALL_BYTES = 1024 * 1024;

/** The same for a body of unknown length: each smaller buffer before waits for JavaScript's garbage collection. */
const MAX_GROWN_BYTES = 256 * 1024;

/**
 * The bytes of a part as they come. What may become a whole part takes a whole buffer of the pool; a small blob should
 * not, and how small it is is not always known.
 */
export class PartBuffer {
  readonly #pool: BufferPool;
  readonly #filler: Filler;
  #buffer = new Uint8Array(0);
  #size = 0;

  /** Creates an empty buffer; `filler` is asked to yield it when others wait. */
  constructor(pool: BufferPool, filler: Filler) {
    this.#pool = pool;
    this.#filler = filler;
  }

  /** Bytes in it. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes if they fit. Answers true if they did. */
  fit(bytes: Uint8Array): boolean {
    if (this.#size + bytes.length > this.#buffer.length) return false;
    this.#buffer.set(bytes, this.#size);
    this.#size += bytes.length;
    return true;
  }

  /** Adds bytes; `expected` are how many may come in all, them included. */
  async append(bytes: Uint8Array, expected: number): Promise<void> {
    if (this.fit(bytes)) return;
    await this.#grow(Math.max(this.#size + bytes.length, expected));
    this.fit(bytes);
  }

  /** Makes room for `size` bytes before the existing ones, and answers it. */
  async prepend(size: number): Promise<Uint8Array> {
    await this.#grow(size + this.#size);
    this.#buffer.copyWithin(size, 0, this.#size);
    this.#size += size;
    return this.#buffer.subarray(0, size);
  }

  /** Hands the bytes to the caller, which returns the buffer to the pool. */
  detach(): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer.subarray(0, this.#size);
    this.#pool.filled(this.#filler);
    this.#buffer = new Uint8Array(0);
    this.#size = 0;
    return bytes;
  }

  /** Forgets the bytes. */
  drop(): void {
    this.#pool.give(this.detach());
  }

  async #grow(needed: number): Promise<void> {
    if (needed <= this.#buffer.length) return;
    const small = Math.min(
      this.#buffer.length === 0 ? MAX_SMALL_BYTES : MAX_GROWN_BYTES,
      this.#pool.size / 2,
    );
    const size = Math.max(needed, Math.min(this.#buffer.length * 2, small), Math.min(FIRST_BYTES, small));
    const grown = size > small ? await this.#pool.take(this.#filler) : new Uint8Array(size);
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
  }
}
