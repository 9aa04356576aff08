/** Bytes of a buffer at first. */
const INITIAL_BYTES = 16 * 1024;

/** Maximum bytes in UTF-8 of one UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/**
 * Collects text as UTF-8. Texts are encoded into one of two buffers, which take turns: a buffer for each text would cost more
 * than its encoding.
 */
export class TextBuffer {
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(0);
  #spare = new Uint8Array(0);
  #size = 0;

  /** Collected bytes. */
  get size(): number {
    return this.#size;
  }

  /** Adds a text. */
  append(text: string): void {
    const needed = this.#size + BYTES_PER_UNIT * text.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#size += this.#encoder.encodeInto(text, this.#bytes.subarray(this.#size)).written;
  }

  /** Takes everything. The bytes are valid until the next call. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#size);
    [this.#bytes, this.#spare] = [this.#spare, this.#bytes];
    this.#size = 0;
    return taken;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(INITIAL_BYTES, 2 * this.#bytes.length, needed));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
