/**
 * HTTP/1.1 as bytes on a connection, for requests that `fetch` cannot send and answers that it does not show.
 *
 * @module
 */
import type { TestApp } from "./app.ts";

/** An answer as it came over the wire. */
export interface WireAnswer {
  status: number;
  /** By name in lower case. */
  headers: Map<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

/** An app that listens on a free port of the loopback interface. */
export interface WireServer extends AsyncDisposable {
  connect(): Promise<WireConnection>;
}

/** Serves an app; disposing of it stops the server. */
export function listen({ app }: TestApp): WireServer {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", automaticCompression: false, onListen() {} },
    app.fetch,
  );
  return {
    connect: async () => new WireConnection(await Deno.connect({ port: server.addr.port })),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** One connection, on which requests follow each other. */
export class WireConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #received = new Uint8Array(0);

  /** Takes over a connection. */
  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Sends bytes as they are; text in Latin-1. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Uint8Array.from(data, (char) => char.charCodeAt(0)) : data;
    for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
  }

  /** Sends a request without a body and reads its answer. */
  async request(method: string, target: string, headers: Record<string, string> = {}): Promise<WireAnswer> {
    await this.send(requestHead(method, target, headers));
    return await this.answer(method);
  }

  /** Reads the answer to a request of this method. Skips interim answers. */
  async answer(method = "GET"): Promise<WireAnswer> {
    for (;;) {
      const end = await this.#until("\r\n\r\n");
      const [statusLine = "", ...lines] = latin1(this.#take(end + 4)).trimEnd().split("\r\n");
      const headers = new Map(lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }));
      const status = Number(statusLine.split(" ")[1]);
      if (status === 100) continue;
      const bodiless = method === "HEAD" || status === 204 || status === 304;
      return { status, headers, body: bodiless ? new Uint8Array(0) : await this.#body(headers) };
    }
  }

  /** The next bytes as text in Latin-1; none after the server has closed the connection. */
  async receive(): Promise<string> {
    if (this.#received.length === 0) await this.#read();
    return latin1(this.#take(this.#received.length));
  }

  /** True if the server has closed the connection and nothing is left to read. */
  async closed(): Promise<boolean> {
    return this.#received.length === 0 && !(await this.#read());
  }

  /** Closes the connection, in the middle of a request as well. */
  close(): void {
    this[Symbol.dispose]();
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed already.
    }
  }

  async #body(headers: Map<string, string>): Promise<Uint8Array<ArrayBuffer>> {
    const length = Number(headers.get("content-length") ?? 0);
    while (this.#received.length < length) {
      if (!(await this.#read())) {
        throw new Error(`The body ended after ${this.#received.length} of ${length} bytes`);
      }
    }
    return this.#take(length);
  }

  async #until(text: string): Promise<number> {
    for (;;) {
      const index = latin1(this.#received).indexOf(text);
      if (index >= 0) return index;
      if (!(await this.#read())) throw new Error("The connection ended before an answer");
    }
  }

  async #read(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#connection.read(buffer).catch(() => null); // a reset is an end as well
    if (count === null) return false;
    const received = new Uint8Array(this.#received.length + count);
    received.set(this.#received);
    received.set(buffer.subarray(0, count), this.#received.length);
    this.#received = received;
    return true;
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.#received.slice(0, count);
    this.#received = this.#received.slice(count);
    return taken;
  }
}

/** Head of a request, with a `Host` unless `headers` has one. */
export function requestHead(method: string, target: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ Host: "registry.example", ...headers }).map(([name, value]) =>
    `${name}: ${value}`
  );
  return `${method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
