/**
 * A TCP proxy between a client and the registry that remembers what was said and, if asked, cuts a connection.
 *
 * @module
 */

/** A request that went through and the answer to it, as far as they came. */
export interface Exchange {
  method: string;
  /** Path and query. */
  target: string;
  /** The request's header fields by their names in lower case. */
  headers: Record<string, string>;
  /** Number of the client's connection, from 0. */
  connection: number;
  /** Absent where the connection ended before the answer. */
  status?: number;
}

/** When to cut, which happens once. */
export interface Cut {
  /** In the middle of the first request with this method ... */
  method: string;
  /** ... that has a body longer than this many bytes, after as many of them. */
  afterBytes: number;
}

/** Options of {@linkcode openWire}. */
export interface WireOptions {
  /** When to cut a connection; never by default. */
  cut?: Cut;
  /** Is told each request, and holds it back until the promise resolves. */
  hold?: (request: Exchange) => Promise<void>;
  /** Address of the loopback interface on which the proxy listens. */
  hostname?: string;
}

/** A running proxy. Disposing of it ends its connections. */
export interface Wire extends AsyncDisposable {
  /** `host:port` to give to the client in the registry's place. */
  readonly host: string;
  /** All exchanges so far, in the order of their requests. */
  readonly exchanges: readonly Exchange[];
}

// A head may follow a body that does not end with a line break; no body in these tests looks like a head.
const REQUEST_HEAD = /(GET|HEAD|POST|PUT|PATCH|DELETE) (\/\S*) HTTP\/1\.1\r\n((?:[^\r]+\r\n)+)\r\n/g;
const FINAL_STATUS = /HTTP\/1\.1 ([2-5]\d\d) [^\r]*\r\n/g;

/** No head in these tests is longer, in bytes. */
const MAX_HEAD_BYTES = 64 * 1024;

/** Opens a proxy before the registry at `host:port`. */
export function openWire(
  registry: string,
  { cut, hold, hostname: own = "127.0.0.1" }: WireOptions = {},
): Wire {
  const { hostname, port } = new URL(`http://${registry}`);
  const listener = Deno.listen({ hostname: own, port: 0 });
  const exchanges: Exchange[] = [];
  const connections = new Set<Deno.Conn>();
  let waiting = cut;
  let accepted = 0;

  async function converse(client: Deno.Conn): Promise<void> {
    const connection = accepted++;
    const upstream = await Deno.connect({ hostname, port: Number(port) });
    connections.add(client).add(upstream);
    const unanswered: Exchange[] = [];
    const heads = new Scanner(REQUEST_HEAD);
    const statuses = new Scanner(FINAL_STATUS);
    let end = Infinity; // where this connection is cut, counted in bytes that the client has sent
    const back = pump(upstream, client, (text) => {
      // Requests and answers come in the same order: no client pipelines.
      for (const [[, status]] of statuses.scan(text)) unanswered.shift()!.status = Number(status);
      return text.length;
    });
    await pump(client, upstream, async (text) => {
      for (const [[, method, target, block], position] of heads.scan(text)) {
        const exchange = { method: method!, target: target!, headers: headersOf(block!), connection };
        exchanges.push(exchange);
        unanswered.push(exchange);
        await hold?.(exchange);
        if (waiting === undefined || !isLonger(exchange, waiting)) continue;
        end = position + waiting.afterBytes;
        waiting = undefined;
      }
      return Math.max(0, text.length - Math.max(0, heads.position - end));
    });
    await back;
    for (const connection of [client, upstream]) {
      connections.delete(connection);
      close(connection);
    }
  }

  const accepting = (async () => {
    const running = [];
    for await (const client of listener) running.push(converse(client));
    await Promise.all(running);
  })();

  return {
    host: `${own}:${listener.addr.port}`,
    exchanges,
    async [Symbol.asyncDispose]() {
      listener.close();
      connections.forEach(close);
      await accepting;
    },
  };
}

/** Finds what a pattern matches in text that comes in pieces. */
class Scanner {
  #text = "";
  /** Number of received characters. */
  position = 0;

  constructor(readonly pattern: RegExp) {}

  /** The matches that are complete with this piece, each with the position behind it. */
  *scan(piece: string): Generator<[match: RegExpExecArray, end: number]> {
    this.#text += piece;
    this.position += piece.length;
    let done = 0;
    for (const match of this.#text.matchAll(this.pattern)) {
      done = match.index + match[0].length;
      yield [match, this.position - this.#text.length + done];
    }
    this.#text = this.#text.slice(Math.max(done, this.#text.length - MAX_HEAD_BYTES));
  }
}

/**
 * Carries bytes from one side to the other until the first ends. `observe` is given each piece and says how many bytes
 * of it go on; less than all ends the connection, both ways.
 */
async function pump(
  from: Deno.Conn,
  to: Deno.Conn,
  observe: (text: string) => number | Promise<number>,
): Promise<void> {
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
      const piece = buffer.subarray(0, length);
      const passed = await observe(decoder.decode(piece));
      await writeAll(to, piece.subarray(0, passed));
      if (passed < length) return [from, to].forEach(close);
    }
    await to.closeWrite();
  } catch {
    // Either side may break off whenever it likes: the other one hears of it by the end of its connection.
    [from, to].forEach(close);
  }
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await to.write(bytes.subarray(done));
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
}

/** True if this is the request to be cut. */
function isLonger({ method, headers }: Exchange, cut: Cut): boolean {
  return method === cut.method && Number(headers["content-length"] ?? Infinity) > cut.afterBytes;
}

function headersOf(block: string): Record<string, string> {
  return Object.fromEntries(
    block.trimEnd().split("\r\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}
