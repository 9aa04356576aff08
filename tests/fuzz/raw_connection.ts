import { concat } from "./fuzz_request.ts";

/** An answer as it came. */
export interface RawResponse {
  readonly status: number;
  /** In their order, repeated ones too; names in lower case. */
  readonly fields: [name: string, value: string][];
  readonly body: Uint8Array<ArrayBuffer>;
  /** True if the server keeps the connection. */
  readonly keepAlive: boolean;
}

/** An answer that breaks the rules of HTTP, or none. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The server closed the connection instead of giving a whole answer. */
export class Closed extends Error {
  override readonly name = "Closed";

  /** @param early Whether nothing of an answer had come. */
  constructor(readonly early: boolean) {
    super(`The connection was closed ${early ? "without" : "within"} an answer`);
  }
}

/** Longer than any answer may take, on a busy machine too. */
const PATIENCE_MS = 60_000;

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9]{2}) [\x20-\x7e]*$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?((?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?)$/;

/** A connection over which requests go as they are, unlike with `fetch`, and on which each byte of an answer counts. */
export class RawConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #received = new Uint8Array();

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to a server on this machine. */
  static async open(port: number): Promise<RawConnection> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new RawConnection(connection);
  }

  /**
   * Sends a request and reads its answer, whose form depends on the method. `end` half closes the connection after it.
   *
   * @throws {Closed} Where the connection ends before an answer does.
   * @throws {ProtocolError} For everything that is no proper answer, and for bytes behind one.
   */
  async exchange(request: Uint8Array, method: string, options: { end: boolean }): Promise<RawResponse> {
    const timer = setTimeout(() => this.#connection.close(), PATIENCE_MS);
    try {
      await this.#send(request, options.end);
      let response = await this.#readResponse(method);
      while (response.status < 200) response = await this.#readResponse(method);
      if (response.keepAlive && this.#received.length > 0) {
        throw new ProtocolError(`Got ${this.#received.length} bytes behind an answer`);
      }
      return response;
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) {
        throw new ProtocolError(`Got no answer in ${PATIENCE_MS} ms`);
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed by the timer
    }
  }

  async #send(request: Uint8Array, end: boolean): Promise<void> {
    try {
      for (let rest = request; rest.length > 0;) rest = rest.subarray(await this.#connection.write(rest));
      if (end) await this.#connection.closeWrite();
    } catch (error) {
      // A server may answer and close before it has read everything: what counts is what it says.
      if (!isReset(error)) throw error;
    }
  }

  async #readResponse(method: string): Promise<RawResponse> {
    const head = await this.#readHead();
    const [statusLine = "", ...lines] = head.split("\r\n");
    const status = Number(STATUS_LINE.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) {
      throw new ProtocolError(`Got a malformed status line ${JSON.stringify(statusLine)}`);
    }
    const fields = lines.map((line): [string, string] => {
      const [, name, value] = FIELD_LINE.exec(line) ?? [];
      if (name === undefined) throw new ProtocolError(`Got a malformed field ${JSON.stringify(line)}`);
      return [name.toLowerCase(), value ?? ""];
    });
    const keepAlive = status >= 200 && statusLine.startsWith("HTTP/1.1") &&
      !only(fields, "connection")?.includes("close");
    const hasBody = method !== "HEAD" && status >= 200 && status !== 204 && status !== 304;
    return { status, fields, body: hasBody ? await this.#readBody(fields) : new Uint8Array(), keepAlive };
  }

  async #readHead(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#received.subarray(0, 65_536));
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#take(end + 4);
        return text.slice(0, end);
      }
      if (!await this.#receive()) {
        throw new Closed(text === "");
      }
    }
  }

  async #readBody(fields: RawResponse["fields"]): Promise<Uint8Array<ArrayBuffer>> {
    if (only(fields, "transfer-encoding") === "chunked") return await this.#readChunks();
    const length = only(fields, "content-length");
    if (length === undefined) {
      while (await this.#receive());
      return this.#take(this.#received.length);
    }
    if (!/^\d+$/.test(length)) throw new ProtocolError(`Got a malformed Content-Length "${length}"`);
    return await this.#readBytes(Number(length));
  }

  async #readChunks(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const line = await this.#readLine();
      if (!/^[0-9a-fA-F]+$/.test(line)) {
        throw new ProtocolError(`Got a malformed chunk ${JSON.stringify(line)}`);
      }
      const size = Number.parseInt(line, 16);
      chunks.push(await this.#readBytes(size));
      if (await this.#readLine() !== "") throw new ProtocolError("Got a chunk that is longer than it says");
      if (size === 0) return concat(chunks);
    }
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#received.subarray(0, 1000));
      const end = text.indexOf("\r\n");
      if (end >= 0) {
        this.#take(end + 2);
        return text.slice(0, end);
      }
      if (!await this.#receive()) throw new Closed(false);
    }
  }

  async #readBytes(size: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#received.length < size) {
      if (!await this.#receive()) throw new Closed(false);
    }
    return this.#take(size);
  }

  #take(size: number): Uint8Array<ArrayBuffer> {
    const taken = this.#received.slice(0, size);
    this.#received = this.#received.slice(size);
    return taken;
  }

  async #receive(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    try {
      const count = await this.#connection.read(buffer);
      if (count === null) return false;
      this.#received = concat([this.#received, buffer.subarray(0, count)]);
      return true;
    } catch (error) {
      if (isReset(error)) return false;
      throw error;
    }
  }
}

/** The value of a field that may stand once. */
function only(fields: RawResponse["fields"], name: string): string | undefined {
  const values = fields.filter((field) => field[0] === name).map(([, value]) => value);
  if (values.length > 1) throw new ProtocolError(`Got ${name} ${values.length} times`);
  return values[0];
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected;
}
