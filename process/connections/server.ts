import { withTimeout } from "../../storage/start.ts";
import { type ConnectionLimits, defaultLimits, DESCRIPTORS_WITH_TLS } from "./connection_limits.ts";
import { type ConnectionCounts, Connections, findServeOn, type ServeOn } from "./connections.ts";
import type { RequestInfo, RequestLog } from "../../routes/mod.ts";

/** Options of {@linkcode serve}. */
export interface ServerOptions {
  /** 0 takes a free one. */
  port: number;
  /** An address of this machine, or a name of one. */
  hostname: string;
  /** Answers requests. It must not reject: nothing above it could report the error. */
  fetch: (request: Request, info: RequestInfo) => Response | Promise<Response>;
  /** Called for each request that arrived while the server was stopping. */
  refused: (entry: RequestLog) => void;
  /** Called if a connection could not be accepted, at most once a minute; the server continues. */
  acceptFailed: (error: Error) => void;
  /** Called if the server stops listening without being stopped. */
  failed: (error: Error) => void;
  /** Limits of connections; by default those of the operating system for this process. */
  limits?: ConnectionLimits;
  /** Fraction of the connections, for one of several processes that listen on the port; 1 by default. */
  share?: number;
  /** Decrypts connections; absent for plain HTTP. */
  tls?: { over(serveOn: ServeOn): ServeOn };
  /** True if the platform decides on the address (`DENO_SERVE_ADDRESS`), which only `Deno.serve` obeys. */
  platformAddress?: boolean;
}

/** A server that listens. */
export interface Server {
  /** Address of the server: a URL, or the name of a socket. */
  url: string;
  /**
   * Serves as before, and asks the client of each answer to close its connection. The next connection reaches another
   * process where a load balancer distributes connections.
   */
  drain(): void;
  /**
   * Refuses reads, which a load balancer may send to another process. Writes are still served: a balancer cannot send a
   * body twice that it has not kept.
   */
  refuseReads(): void;
  /**
   * Stops gracefully: stops listening, refuses reads and waits for running requests, including downloads, but at most
   * `limit` milliseconds. Answers true if everything has ended in that time.
   */
  stop(limit: number): Promise<boolean>;
  /** Numbers of connections, for metrics; only of requests where the platform listens. */
  counts(): Pick<ConnectionCounts, "requests"> & Partial<ConnectionCounts>;
}

/** State of a server, each one later than the one before. */
type Phase = "serving" | "draining" | "refusing" | "stopping";

/**
 * Listens, and answers with `fetch`.
 *
 * @throws {Deno.errors.AddrInUse} and others of `Deno.listen`.
 */
export function serve(options: ServerOptions): Server {
  const { fetch, refused } = options;
  let answering = 0;
  let phase: Phase = "serving";
  const { promise: answered, resolve: allAnswered } = Promise.withResolvers<void>();
  const release = () => {
    answering--;
    if (phase === "stopping" && answering === 0) allAnswered();
  };
  const handle: ServerOptions["fetch"] = (request, info) => {
    answering++;
    if (phase === "serving") return fetch(request, info);
    if (phase === "draining" || !isRead(request)) return lastAnswer(fetch(request, info));
    refused(refusalEntry(request, info.remoteAddr));
    return refusal();
  };
  const { url, stopListening, shutdown, counts } = listen(options, handle, release);
  return {
    url,
    counts: () => counts?.() ?? { requests: answering },
    drain() {
      phase = "draining";
    },
    refuseReads() {
      phase = "refusing";
    },
    async stop(limit) {
      phase = "stopping";
      // A balancer may send a request whose connection was refused to another process, whatever its method and body.
      stopListening();
      if (answering === 0) allAnswered();
      // `shutdown` breaks the request bodies that are still coming (denoland/deno#36809), so it has to wait until every
      // handler has answered. It does finish the responses.
      const ended = answered.then(shutdown).then(() => true);
      return await withTimeout(ended, limit, () => false);
    },
  };
}

/**
 * Listens with limited connections if this version of Deno can, otherwise like `Deno.serve`. Calls `answered` for each
 * request that `fetch` has answered.
 */
function listen(
  options: ServerOptions,
  fetch: ServerOptions["fetch"],
  answered: () => void,
): {
  url: string;
  stopListening: () => void;
  shutdown: () => Promise<void>;
  counts?: () => ConnectionCounts;
} {
  const { port, hostname, failed, acceptFailed, share = 1, platformAddress = false } = options;
  const { tls } = options;
  const { limits = defaultLimits(share, tls && DESCRIPTORS_WITH_TLS) } = options;
  // The kernel distributes the connections over the processes that listen on the port.
  const reusePort = share < 1;
  const serveOn = platformAddress ? undefined : findServeOn();
  if (serveOn === undefined && tls !== undefined) {
    throw new Error("This version of Deno, or the platform, offers no TLS with limits of connections");
  }
  if (serveOn !== undefined) {
    // The same backlog as `Deno.serve`: with less, clients would have to reconnect after a burst.
    const listener = Deno.listen({ port, hostname, reusePort, tcpBacklog: 511 });
    const connections = new Connections(listener, tls?.over(serveOn) ?? serveOn, {
      fetch,
      answered,
      acceptFailed,
      failed,
      limits,
    });
    return {
      url: urlOf(listener.addr, tls === undefined ? "http" : "https"),
      stopListening: () => connections.stopListening(),
      shutdown: () => connections.shutdown(),
      counts: () => connections.counts,
    };
  }
  const serveOptions = { port, hostname, reusePort, automaticCompression: false, onListen: () => {} };
  const server = Deno.serve(serveOptions, async (request, info) => {
    try {
      return await fetch(request, info);
    } finally {
      answered();
    }
  });
  // Deno does not accept again after an accept that failed.
  server.finished.catch(failed);
  // It cannot stop listening without breaking the request bodies that are still coming.
  return { url: urlOf(server.addr), stopListening() {}, shutdown: () => server.shutdown() };
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

/** The client closes the connection after this answer (RFC 9112 §9.6), so no request of it meets a closed connection. */
async function lastAnswer(answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  response.headers.set("Connection", "close");
  return response;
}

/** For a client that may as well ask the process that comes after this one. */
function refusal(): Response {
  const message = "The registry is shutting down";
  return Response.json({ errors: [{ code: "TOOMANYREQUESTS", message }] }, {
    status: 503,
    headers: { "Retry-After": "1", "Connection": "close", "Cache-Control": "no-store" },
  });
}

function refusalEntry({ method, url }: Request, peer: Deno.Addr | undefined): RequestLog {
  const path = /^[^:]*:\/\/[^/?]*([^?]{0,512})/.exec(url)?.[1] ?? "";
  return {
    time: Date.now(),
    method,
    route: undefined,
    path,
    status: 503,
    bytes: 0,
    duration: 0,
    id: "stopping",
    ...(peer !== undefined && "hostname" in peer && { address: peer.hostname }),
  };
}

/** Address of a listener: `Deno.serve` listens where the platform says, which need not be TCP. */
export function urlOf(addr: Deno.Addr, scheme = "http"): string {
  if ("path" in addr) return `unix:${addr.path}`;
  if ("cid" in addr) return `vsock:${addr.cid}:${addr.port}`;
  const { hostname, port } = addr;
  return `${scheme}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
