const HEAD_END = "\r\n\r\n";

/** Largest head of a request that is understood, in bytes. */
const MAX_HEAD_BYTES = 64 * 1024;

/** Splits what a client of HTTP/1.1 sends over one connection into requests. */
export class HttpRequests {
  #head = "";
  /** Bytes of the body still to come; `undefined` while a head is read. */
  #rest: number | undefined;

  /**
   * Takes the next bytes, and calls `began` at the head of each request. The request line is all that is passed on.
   *
   * @throws {Error} for a body in chunks, which S3 and DynamoDB clients do not send.
   */
  push(bytes: Uint8Array, began: (requestLine: string) => void): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#rest !== undefined) {
        const taken = Math.min(this.#rest, bytes.length - at);
        at += taken;
        this.#rest -= taken;
        if (this.#rest === 0) this.#rest = undefined;
        continue;
      }
      this.#head += String.fromCharCode(bytes[at++]!);
      if (this.#head.length > MAX_HEAD_BYTES) throw new Error("Cannot read a request: its head is too long");
      if (!this.#head.endsWith(HEAD_END)) continue;
      const head = this.#head;
      this.#head = "";
      this.#rest = bodyLength(head) || undefined;
      began(head.slice(0, head.indexOf("\r\n")));
    }
  }
}

function bodyLength(head: string): number {
  if (/\r\ntransfer-encoding:/i.test(head)) throw new Error("Cannot read a request in chunks");
  return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
}
