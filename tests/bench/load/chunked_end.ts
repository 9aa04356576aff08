const [CR, LF] = [13, 10];

/** Finds the end of a body in chunks (RFC 9112 §7.1) without keeping any of it. */
export class ChunkedEnd {
  /** Bytes of the current chunk, and the line end behind it, that are still to come. */
  #rest = 0;
  /** The line that is being read: the size of a chunk, or a trailer. */
  #line = "";
  #isLast = false;

  /** Takes the next bytes. True if the body has ended with them. */
  push(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, bytes.length - at);
        this.#rest -= taken;
        at += taken;
        continue;
      }
      const byte = bytes[at++]!;
      if (byte === CR) continue;
      if (byte !== LF) this.#line += String.fromCharCode(byte);
      else if (this.#endLine()) return true;
    }
    return false;
  }

  /** True if the line ends the body. */
  #endLine(): boolean {
    const line = this.#line;
    this.#line = "";
    if (this.#isLast) return line === ""; // Anything else is a trailer.
    const size = Number.parseInt(line, 16);
    if (Number.isNaN(size)) throw new Error(`Cannot read a chunk of size "${line}"`);
    this.#isLast = size === 0;
    this.#rest = size === 0 ? 0 : size + "\r\n".length;
    return false;
  }
}
