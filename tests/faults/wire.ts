/** Thrown where a connection ends before what was to come over it has. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** Framing of a message's body (RFC 9112 §6.3). */
export type Framing = { readonly length: number } | "chunked" | "until-close";

/** Bytes that were sent and received, all of them counted, those of heads and of chunk sizes too. */
export interface Traffic {
  sent: number;
  received: number;
}

/** The longest head, and the longest line within a chunked body, that is read. */
const MAX_HEAD_BYTES = 64 * 1024;

const CR = 0x0d;
const LF = 0x0a;

/** A connection whose messages are passed on byte for byte: it finds where they end and changes nothing. */
export class Wire implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #traffic: Traffic;
  readonly #space = new Uint8Array(128 * 1024);
  /** Bytes that were read and not taken yet: a part of the space. */
  #rest = this.#space.subarray(0, 0);
  #closed = false;

  constructor(connection: Deno.TcpConn, traffic: Traffic = { sent: 0, received: 0 }) {
    connection.setNoDelay(true);
    this.#connection = connection;
    this.#traffic = traffic;
  }

  /** True if {@linkcode close} has been called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The head of the next message up to its empty line, `undefined` where the connection ends before it. */
  async readHead(): Promise<Uint8Array | undefined> {
    let head = new Uint8Array(0);
    while (!endsHead(head)) {
      const line = await this.#readLine();
      if (line === undefined && head.length === 0) return undefined;
      if (line === undefined || head.length + line.length > MAX_HEAD_BYTES) {
        throw new Broken("The head has no end");
      }
      head = joined(head, line);
    }
    return head;
  }

  /** A body with its framing, piece by piece; each is good until the next one is asked for. */
  async *pieces(framing: Framing): AsyncGenerator<Uint8Array> {
    if (framing === "chunked") yield* this.#chunks();
    else if (framing !== "until-close") yield* this.#exactly(framing.length);
    else while (await this.#fill()) yield this.#take(this.#rest.length);
  }

  /** Sends all the bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const count = await this.#connection.write(bytes.subarray(at));
      this.#traffic.sent += count;
      at += count;
    }
  }

  /** Ends the connection, whatever is under way on it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** RFC 9112 §7.1: sizes and data in turn, then trailers up to an empty line. */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const line = await this.#lineOfBody();
      const size = parseInt(new TextDecoder().decode(line), 16);
      if (!(size >= 0)) throw new Broken("A chunk has no size");
      yield line;
      if (size === 0) break;
      yield* this.#exactly(size + 2); // with its line break
    }
    for (;;) {
      const line = await this.#lineOfBody();
      yield line;
      if (isEmpty(line)) return;
    }
  }

  async *#exactly(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (!await this.#fill()) throw new Broken("The body ends too early");
      const piece = this.#take(Math.min(left, this.#rest.length));
      left -= piece.length;
      yield piece;
    }
  }

  async #lineOfBody(): Promise<Uint8Array> {
    const line = await this.#readLine();
    if (line === undefined) throw new Broken("The body ends too early");
    return line;
  }

  /** A copy of the next line with its line break, `undefined` where the connection ends before it. */
  async #readLine(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    let line = new Uint8Array(0);
    while (await this.#fill()) {
      const end = this.#rest.indexOf(LF);
      line = joined(line, this.#take(end === -1 ? this.#rest.length : end + 1));
      if (end !== -1) return line;
      if (line.length > MAX_HEAD_BYTES) throw new Broken("A line has no end");
    }
    if (line.length === 0) return undefined;
    throw new Broken("The connection ends within a line");
  }

  #take(length: number): Uint8Array {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  /** Reads on where nothing is left; answers whether there is anything. */
  async #fill(): Promise<boolean> {
    if (this.#rest.length > 0) return true;
    const count = await this.#connection.read(this.#space);
    this.#rest = this.#space.subarray(0, count ?? 0);
    this.#traffic.received += count ?? 0;
    return count !== null;
  }
}

/** True if an error tells of a connection that one of its ends has closed, or this process itself. */
export function isBroken(error: unknown): boolean {
  const { BadResource, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset } = Deno.errors;
  const { Interrupted, NotConnected } = Deno.errors;
  return [
    Broken,
    BadResource,
    BrokenPipe,
    ConnectionAborted,
    ConnectionRefused,
    ConnectionReset,
    Interrupted,
    NotConnected,
  ].some((kind) => error instanceof kind);
}

function endsHead(head: Uint8Array): boolean {
  return head.at(-1) === LF && (head.at(-2) === LF || (head.at(-2) === CR && head.at(-3) === LF));
}

function isEmpty(line: Uint8Array): boolean {
  return line[0] === LF || (line[0] === CR && line[1] === LF);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
