import { ChunkedEnd } from "./chunked_end.ts";

/** Bytes of the buffer that answers are read into: large, so that the client costs little beside the server. */
const READ_BYTES = 1024 * 1024;

/** The head of a request. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer whose body has been read and thrown away. */
export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A connection of HTTP/1.1 that costs far less than `fetch`. It keeps no body. */
export class Connection implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(READ_BYTES);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to a port of the loopback interface. */
  static async open(port: number): Promise<Connection> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    return new Connection(connection);
  }

  /** Sends a request and reads the answer. The body goes out as it is: framing it is for the caller. */
  async request(head: RequestHead, body: Iterable<Uint8Array> = []): Promise<Answer> {
    await this.send(head);
    for (const bytes of body) await this.#write(bytes);
    return await this.receive(head.method);
  }

  /** Sends the head of a request. */
  async send({ method, path, headers = {} }: RequestHead): Promise<void> {
    const fields = Object.entries({ Host: "127.0.0.1", ...headers }).map(([name, value]) =>
      `${name}: ${value}\r\n`
    );
    await this.#write(new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\n${fields.join("")}\r\n`));
  }

  /** Reads the answer to the end of its body. */
  async receive(method: string): Promise<Answer> {
    const { answer, body } = await this.#receiveHead();
    if (isChunked(answer) && hasBody(answer, method)) {
      const end = new ChunkedEnd();
      for (let bytes = body; !end.push(bytes);) {
        bytes = this.#buffer.subarray(0, await this.read(this.#buffer));
      }
    } else {
      for (let rest = lengthOf(answer, method) - body.length; rest > 0;) {
        rest -= await this.read(this.#buffer);
      }
    }
    return answer;
  }

  /** Reads the head of the answer and what comes with it, and tells how many bytes of the body are left. */
  async receiveHead(method: string): Promise<{ answer: Answer; rest: number }> {
    const { answer, body } = await this.#receiveHead();
    if (isChunked(answer)) throw new Error("Cannot tell the length of an answer in chunks");
    return { answer, rest: lengthOf(answer, method) - body.length };
  }

  /** Reads the head of the answer; `body` is what has come of the body, until the next read. */
  async #receiveHead(): Promise<{ answer: Answer; body: Uint8Array }> {
    let filled = 0;
    let end = -1;
    while (end < 0) {
      filled += await this.read(this.#buffer.subarray(filled));
      end = endOfHead(this.#buffer.subarray(0, filled));
    }
    const answer = parseHead(new TextDecoder().decode(this.#buffer.subarray(0, end)));
    return { answer, body: this.#buffer.subarray(end, filled) };
  }

  /** Reads some bytes, and answers how many. */
  async read(buffer: Uint8Array): Promise<number> {
    const length = await this.#connection.read(buffer);
    if (length === null) throw new Error("Connection ended before the answer did");
    return length;
  }

  /** Closes the connection, whatever is still on its way. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) written += await this.#connection.write(bytes.subarray(written));
  }
}

function endOfHead(bytes: Uint8Array): number {
  const [cr, lf] = [13, 10];
  for (let i = bytes.indexOf(cr); i >= 0; i = bytes.indexOf(cr, i + 1)) {
    if (bytes[i + 1] === lf && bytes[i + 2] === cr && bytes[i + 3] === lf) return i + 4;
  }
  return -1;
}

/** Reads the head of an answer. */
export function parseHead(head: string): Answer {
  const [statusLine = "", ...lines] = head.trimEnd().split("\r\n");
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine) ?? [];
  if (status === undefined) throw new Error(`Cannot understand the answer "${statusLine}"`);
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { status: Number(status), headers };
}

function isChunked({ headers }: Answer): boolean {
  return headers.get("transfer-encoding") === "chunked";
}

function hasBody({ status }: Answer, method: string): boolean {
  return method !== "HEAD" && status !== 204 && status !== 304;
}

/** Bytes of the body. */
function lengthOf(answer: Answer, method: string): number {
  return hasBody(answer, method) ? Number(answer.headers.get("content-length")) : 0;
}
