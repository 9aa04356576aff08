import type { Framing } from "./wire.ts";

/**
 * Lets half of a message through: half of its body where the length is known, half of the first data that comes
 * otherwise, and half of the head where there is no body.
 */
export class Half {
  readonly #bodiless: boolean;
  /** Which piece holds the first data: a chunk has its size before it. */
  readonly #firstData: number;
  /** Bytes of the body that are still to go through; `undefined` where its length is not known. */
  #left: number | undefined;
  #pieces = 0;
  #reached = false;

  constructor(framing: Framing) {
    this.#bodiless = typeof framing === "object" && framing.length === 0;
    this.#left = typeof framing === "object" ? Math.floor(framing.length / 2) : undefined;
    this.#firstData = framing === "chunked" ? 2 : 1;
    this.#reached = this.#bodiless;
  }

  /** True if all that may go through has. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Part of the head that passes. */
  ofHead(head: Uint8Array): Uint8Array {
    return this.#bodiless ? halved(head) : head;
  }

  /** Part of the next piece of the body that passes. */
  ofBody(piece: Uint8Array): Uint8Array {
    this.#pieces++;
    if (this.#left === undefined) {
      this.#reached = this.#pieces === this.#firstData;
      return this.#reached ? halved(piece) : piece;
    }
    const through = piece.subarray(0, this.#left);
    this.#left -= through.length;
    this.#reached = this.#left === 0;
    return through;
  }
}

function halved(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
