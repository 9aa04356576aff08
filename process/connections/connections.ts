import { networkOf } from "../../auth/start.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { steadyClock } from "../../storage/start.ts";
import { type Network, WaitingConnections } from "./waiting_connections.ts";

/** Options of {@linkcode Connections}. */
export interface ConnectionsOptions {
  /** Answers requests; must not reject. */
  fetch: (request: Request, info: ConnectionInfo) => Response | Promise<Response>;
  /** Called when `fetch` has answered a request. */
  answered?: () => void;
  /** Called if a connection could not be accepted, at most once a minute. */
  acceptFailed: (error: Error) => void;
  /** Called if nothing can be accepted any more. */
  failed: (error: Error) => void;
  /** Limits of the connections. */
  limits: ConnectionLimits;
}

/** The part of `Deno.ServeHandlerInfo` that the app uses. */
export type ServeInfo = Pick<Deno.ServeHandlerInfo, "completed">;

/** Facts about a request, for the app. */
export interface ConnectionInfo {
  /** Address of the client. */
  readonly remoteAddr: Deno.Addr;
  /** Settles when the response has been sent. An app that streams a response must read it. */
  readonly completed: Promise<void>;
  /** Takes the number of bytes of the response's body. An app whose response is large must call it. */
  sending(bytes: number): void;
}

/** Numbers of connections and requests. */
export interface ConnectionCounts {
  /** Open connections. */
  readonly open: number;
  /** Requests in progress. */
  readonly requests: number;
  /** Most connections that are accepted now. */
  readonly limit: number;
  /** Accepted connections since the start. */
  readonly accepted: number;
  /** Refused connections since the start. */
  readonly refused: number;
  /** Idle connections that were closed to make room since the start. */
  readonly closedForOthers: number;
}

/** An open connection. */
interface Connection {
  readonly remoteAddr: Deno.Addr;
  readonly network: Network<Connection>;
  /** {@linkcode ConnectionInfo.completed} of a request, which is in progress until then. */
  readonly completed: (info: ServeInfo) => Promise<void>;
  /** Closes the connection at once. */
  readonly closer: AbortController;
  /** Stops it after the requests in progress. */
  readonly shutdown: () => Promise<void>;
  readonly finished: Promise<void>;
  /** Requests in progress, with the responses that are still being sent. */
  requests: number;
  /** True once it has had a request. */
  hasRequested: boolean;
  /** True if the last response was as good as sent when it was made. */
  isSent: boolean;
  /** Milliseconds of {@linkcode steadyClock}: since then it has had no request. */
  waitsSince: number;
}

/** `serveHttpOnConnection` of Deno's own `node:http`: one connection served as `Deno.serve` serves it. */
export type ServeOn = (
  connection: Deno.Conn,
  signal: AbortSignal,
  handler: (request: Request, info: ServeInfo) => Response | Promise<Response>,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => Pick<Deno.HttpServer, "finished" | "shutdown">;

/** Absent if this version of Deno has no such function: it is internal. */
export function findServeOn(): ServeOn | undefined {
  const { internal } = Deno as { internal?: symbol };
  const internals = internal &&
    (Deno as unknown as Record<symbol, { serveHttpOnConnection?: ServeOn }>)[internal];
  return internals?.serveHttpOnConnection;
}

/** Retries of a failed accept, and the number of failures after which more connections are closed. */
const ACCEPT_RETRY = { count: 300, relief: 10 } as const;

/** Codes of an accept whose client is gone already, such as the health check of a balancer that closes with a reset. */
const CLIENT_GONE: ReadonlySet<unknown> = new Set(["ENOTCONN", "ECONNABORTED", "ECONNRESET"]);

/** Minimum of the connection limit, however often the process runs out of file descriptors. */
const MIN_CONNECTIONS = 16;

/** Growth of the connection limit at each check for idle connections: it doubles in about 4 minutes. */
const GROWTH_SHARE = 1 / 64;

/** Milliseconds between two reports that connections cannot be accepted. */
const REPORT_INTERVAL_MS = 60_000;

/** Milliseconds that a stopping server leaves a client whose request has been answered to read the answer. */
const DRAIN_MS = 300;

/** Requests in progress of one connection: HTTP/2 has many, and each may open a file. */
const MAX_REQUESTS = 64;

/** Bytes of a body that the system buffers for a client that does not read yet. */
const SOCKET_BUFFER_BYTES = 64 * 1024;

/** Milliseconds that a client has to read a refusal. */
const REFUSAL_MS = 1000;

/** Refusals in progress at most; beyond that connections are closed without a word. */
const MAX_REFUSALS = 64;

const REFUSAL_BODY = errorBody("Too many connections");

const REFUSAL = new TextEncoder().encode(
  "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n" +
    `Content-Length: ${REFUSAL_BODY.length}\r\nRetry-After: 1\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n` +
    REFUSAL_BODY,
);

function errorBody(message: string): string {
  return JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message }] });
}

/**
 * Connections of one listener. `Deno.serve` accepts without a limit, never closes a silent connection, and stops
 * listening for good when the process runs out of file descriptors (compare denoland/deno#10148). Here
 *
 * - a new connection above the limit replaces one without a request: the oldest of the network that has most of them.
 *   It is refused with 503 if every connection has a request;
 * - HTTP/2 cannot bypass the limits: at most as many requests are in progress as connections are allowed, and at most
 *   64 of one connection; others are refused with 503;
 * - a connection must send a whole head in time, the first one sooner than later ones;
 * - a failed accept is retried.
 */
export class Connections {
  readonly #listener: Deno.TcpListener;
  readonly #serveOn: ServeOn;
  readonly #options: ConnectionsOptions;
  readonly #limits: ConnectionLimits;
  readonly #open = new Set<Connection>();
  /** Without a request in progress. */
  readonly #waiting = new WaitingConnections<Connection>();
  readonly #now = steadyClock();
  #max: number;
  /** Requests in progress of all connections. */
  #requests = 0;
  #refusals = 0;
  readonly #totals = { accepted: 0, refused: 0, closedForOthers: 0 };
  #listening = true;
  #closing: Promise<void> | undefined;
  #sweeping = false;
  #reported = -Infinity;

  /** Accepts at `listener` from now on. */
  constructor(listener: Deno.TcpListener, serveOn: ServeOn, options: ConnectionsOptions) {
    this.#listener = listener;
    this.#serveOn = serveOn;
    this.#options = options;
    this.#limits = options.limits;
    this.#max = this.#limits.max;
    this.#acceptAll();
  }

  /** Present and past connections. */
  get counts(): ConnectionCounts {
    return { open: this.#open.size, requests: this.#requests, limit: this.#max, ...this.#totals };
  }

  /** Stops listening. Open connections are served as before. */
  stopListening(): void {
    if (!this.#listening) return;
    this.#listening = false;
    this.#listener.close();
  }

  /** Stops listening, closes connections without a request, and resolves when every response has been sent. */
  shutdown(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.stopListening();
    await Promise.all([...this.#open].map((connection) => this.#conclude(connection)));
  }

  /**
   * A connection without a request is closed, and not shut down: that would wait for the rest of a body which the client
   * no longer needs to send. It gets a moment, since its last answer may still be on its way, and as long as it takes if
   * that was a large one.
   */
  async #conclude(connection: Connection): Promise<void> {
    const isIdle = connection.hasRequested && connection.requests === 0;
    const moment = connection.waitsSince + DRAIN_MS - this.#now();
    if (isIdle && moment > 0) await new Promise((resolve) => setTimeout(resolve, moment));
    if (connection.requests > 0 || !connection.isSent) await connection.shutdown();
    else if (this.#open.has(connection)) this.#drop(connection);
    await connection.finished;
  }

  async #acceptAll(): Promise<void> {
    for (let failures = 0; this.#listening;) {
      try {
        await this.#admit(await this.#listener.accept());
        failures = 0;
      } catch (error) {
        if (!this.#listening) return;
        if (CLIENT_GONE.has((error as { code?: string }).code)) continue;
        // After half a minute without a connection it will not get better.
        if (++failures > ACCEPT_RETRY.count) return this.#options.failed(error as Error);
        if (failures % ACCEPT_RETRY.relief === 1) await this.#relieve(error as Error);
        await new Promise((resolve) => setTimeout(resolve, this.#limits.retryDelay));
      }
    }
  }

  /** Makes room after an accept that failed, and keeps away from the limit for a while. */
  async #relieve(error: Error): Promise<void> {
    const { code } = error as { code?: string };
    // Half of the descriptors are for connections, half for the files that they read and write.
    if (code === "EMFILE") {
      this.#max = Math.min(this.#max, Math.max(MIN_CONNECTIONS, Math.floor(this.#open.size / 2)));
    }
    while (await this.#evict() && this.#open.size > this.#max);
    const now = performance.now();
    if (now - this.#reported < REPORT_INTERVAL_MS) return;
    this.#reported = now;
    this.#options.acceptFailed(error);
  }

  async #admit(conn: Deno.TcpConn): Promise<void> {
    if (this.#open.size >= this.#max && !await this.#evict()) return void this.#refuse(conn);
    try {
      conn.setNoDelay();
    } catch {
      return conn.close(); // The client is gone.
    }
    const closer = new AbortController();
    const served = this.#serveOn(
      conn,
      closer.signal,
      (request, info) => this.#answer(connection, request, info),
      () => new Response(null, { status: 500 }),
      () => {},
    );
    const connection: Connection = {
      remoteAddr: conn.remoteAddr,
      network: this.#waiting.join(networkOf(conn.remoteAddr.hostname)),
      completed: (info) => {
        this.#begin(connection);
        const end = () => this.#end(connection);
        info.completed.then(end, end);
        return info.completed;
      },
      closer,
      shutdown: served.shutdown.bind(served),
      finished: served.finished.catch(() => {}), // The client broke the connection.
      requests: 0,
      hasRequested: false,
      isSent: true,
      waitsSince: this.#now(),
    };
    this.#open.add(connection);
    this.#totals.accepted++;
    connection.network.waiting.add(connection);
    connection.finished.then(() => this.#forget(connection));
    this.#sweepLater();
  }

  /** No async function: in a pull, one promise more is measurable. */
  #answer(connection: Connection, request: Request, info: ServeInfo): Response | Promise<Response> {
    if (connection.requests >= MAX_REQUESTS || connection.requests > 0 && this.#requests >= this.#max) {
      return tooManyRequests();
    }
    this.#begin(connection);
    connection.isSent = true;
    const response = this.#options.fetch(request, new RequestInfo(connection, info));
    return response instanceof Promise
      ? response.then((made) => this.#answered(connection, made))
      : this.#answered(connection, response);
  }

  #answered(connection: Connection, response: Response): Response {
    this.#end(connection);
    this.#options.answered?.();
    return response;
  }

  #begin(connection: Connection): void {
    this.#requests++;
    connection.hasRequested = true;
    if (connection.requests++ === 0) connection.network.waiting.delete(connection);
  }

  #end(connection: Connection): void {
    this.#requests--;
    if (--connection.requests > 0 || !this.#open.has(connection)) return;
    connection.waitsSince = this.#now();
    connection.network.waiting.add(connection);
  }

  /** Closes a connection without a request, if one exists. */
  async #evict(): Promise<boolean> {
    const connection = this.#waiting.choose(this.#now());
    if (connection === undefined) return false;
    this.#totals.closedForOthers++;
    this.#drop(connection);
    // Its descriptor is free when it has finished, and not sooner.
    await connection.finished;
    return true;
  }

  #drop(connection: Connection): void {
    this.#forget(connection);
    connection.closer.abort();
  }

  #forget(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    this.#waiting.leave(connection.network, connection);
  }

  /** Not `setTimeout`: the first one of a process takes 5 ms, and a client may be waiting for the first answer. */
  #sweepLater(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    AbortSignal.timeout(this.#limits.sweepInterval).addEventListener("abort", () => {
      this.#sweeping = false;
      this.#max = Math.min(this.#limits.max, this.#max + Math.ceil(this.#max * GROWTH_SHARE));
      this.#closeExpired();
      if (this.#open.size > 0 && this.#closing === undefined) this.#sweepLater();
    });
  }

  #closeExpired(): void {
    const { firstRequest, nextRequest } = this.#limits;
    const now = this.#now();
    for (const connection of this.#waiting.since(now - Math.min(firstRequest, nextRequest))) {
      const limit = connection.hasRequested ? nextRequest : firstRequest;
      if (connection.waitsSince <= now - limit) this.#drop(connection);
    }
  }

  /** Answers 503 to a client that cannot be served, so that it tries again later. */
  async #refuse(conn: Deno.Conn): Promise<void> {
    this.#totals.refused++;
    if (this.#refusals >= MAX_REFUSALS) return conn.close();
    this.#refusals++;
    const timer = setTimeout(() => conn.close(), REFUSAL_MS);
    try {
      await conn.write(REFUSAL);
      await conn.closeWrite();
      // A close with the request unread resets the connection, and the client may lose the answer.
      const scratch = new Uint8Array(4096);
      while (await conn.read(scratch) !== null);
      conn.close();
    } catch {
      // The client is gone, or its time was over.
    } finally {
      clearTimeout(timer);
      this.#refusals--;
    }
  }
}

/**
 * Facts about a request. A class with a getter: V8 gives each object literal with a getter a hidden class of its own, which
 * keeps the whole request in memory until a full garbage collection.
 */
class RequestInfo implements ConnectionInfo {
  readonly remoteAddr: Deno.Addr;
  readonly #connection: Connection;
  readonly #info: ServeInfo;

  constructor(connection: Connection, info: ServeInfo) {
    this.remoteAddr = connection.remoteAddr;
    this.#connection = connection;
    this.#info = info;
  }

  /** Only a response that is streamed is worth the promise: it resolves at once for others. */
  get completed(): Promise<void> {
    return this.#connection.completed(this.#info);
  }

  /** Deno does not tell when the bytes of a body in memory have been sent. */
  sending(bytes: number): void {
    this.#connection.isSent = bytes <= SOCKET_BUFFER_BYTES;
  }
}

function tooManyRequests(): Response {
  return new Response(errorBody("Too many requests in progress"), {
    status: 503,
    headers: { "Content-Type": "application/json", "Retry-After": "1", "Cache-Control": "no-store" },
  });
}
