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

/** A connection of HTTP/1.1 that costs far less than `fetch`. It keeps no body and knows no chunked answers. */
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
    let { answer, rest } = await this.receiveHead(method);
    while (rest > 0) rest -= await this.read(this.#buffer);
    return answer;
  }

  /** Reads the head of the answer and what comes with it, and tells how many bytes of the body are left. */
  async receiveHead(method: string): Promise<{ answer: Answer; rest: number }> {
    let filled = 0;
    let end = -1;
    while (end < 0) {
      filled += await this.read(this.#buffer.subarray(filled));
      end = endOfHead(this.#buffer.subarray(0, filled));
    }
    const answer = parseHead(new TextDecoder().decode(this.#buffer.subarray(0, end)));
    const bodyless = method === "HEAD" || answer.status === 204 || answer.status === 304;
    const length = bodyless ? 0 : Number(answer.headers.get("content-length"));
    return { answer, rest: length - (filled - end) };
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

/** Reads the head of an answer, which must be framed by a `Content-Length` where it has a body. */
export function parseHead(head: string): Answer {
  const [statusLine = "", ...lines] = head.trimEnd().split("\r\n");
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine) ?? [];
  if (status === undefined) throw new Error(`Cannot understand the answer "${statusLine}"`);
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  if (headers.has("transfer-encoding")) throw new Error("Cannot read an answer without a length");
  return { status: Number(status), headers };
}
