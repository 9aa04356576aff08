import { createHash, randomFillSync } from "node:crypto";

const MIB = 1024 * 1024;

/** Bytes of a chunk of `Transfer-Encoding: chunked`, as clients written in Go send them. */
const CHUNK_BYTES = 32 * 1024;

/** New content of at least four bytes, of which at most one MiB is held in memory. */
export class Content {
  /** Bytes. */
  readonly size: number;
  /** sha256. */
  readonly digest: string;
  readonly #block: Uint8Array<ArrayBuffer>;

  /** Fresh content of `size` bytes; or these bytes, at most one MiB. */
  constructor(content: number | Uint8Array<ArrayBuffer>) {
    this.size = typeof content === "number" ? content : content.length;
    this.#block = typeof content === "number"
      ? randomFillSync(new Uint8Array(Math.min(content, MIB)))
      : content.slice();
    const hash = createHash("sha256");
    for (const block of this.blocks()) hash.update(block);
    this.digest = `sha256:${hash.digest("hex")}`;
  }

  /** The content from `offset` on, in blocks of one MiB; each is overwritten when the next one is asked for. */
  *blocks(offset = 0, end: number = this.size): Generator<Uint8Array> {
    for (let at = offset; at < end;) {
      // No block is like another, so nothing is gained by keeping one of them only.
      if (this.size > MIB) new DataView(this.#block.buffer).setUint32(0, Math.floor(at / MIB));
      const within = at % MIB;
      const block = this.#block.subarray(within, Math.min(MIB, within + end - at));
      yield block;
      at += block.length;
    }
  }

  /** The whole content as a chunked body (RFC 9112 §7.1), in pieces of about one MiB. */
  *chunkedBody(): Generator<Uint8Array> {
    for (const block of this.blocks()) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < block.length; at += CHUNK_BYTES) {
        const chunk = block.subarray(at, at + CHUNK_BYTES);
        pieces.push(encode(`${chunk.length.toString(16)}\r\n`), chunk, encode("\r\n"));
      }
      yield concat(pieces);
    }
    yield encode("0\r\n\r\n");
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
