import type { RouteKind, UiKind } from "../endpoints.ts";
import type { AppContext, Middleware, RequestInfo } from "./env.ts";

/** Entry of the access log, one for each request. Contains no secret: neither the query nor headers. */
export interface RequestLog {
  /** Time of the request, in milliseconds since the epoch. */
  time: number;
  /** Method as the client wrote it. */
  method: string;
  /** Kind of the route; `undefined` for an invalid path. */
  route: RouteKind | UiKind | undefined;
  /** Raw path without the query, cut to 512 characters. It is untrusted input of the client. */
  path: string;
  /** Status of the answer. */
  status: number;
  /** Bytes of the answer's body. */
  bytes: number;
  /** Bytes of the request's body by `Content-Length`; absent for GET and HEAD, and for a body in chunks. */
  received?: number | undefined;
  /** From the request to the end of the answer, in milliseconds. */
  duration: number;
  /** Id of the request, as in `X-Request-Id` and in the text of an internal error. */
  id: string;
  /** Principal; absent if the request was denied before it was known, and for public paths. */
  principal?: string | undefined;
  /** Client's address; that of the proxy for public paths. */
  address?: string | undefined;
  /** `User-Agent` of the client, cut to 256 characters. It is untrusted input of the client. */
  userAgent?: string | undefined;
  /** Internal error, if one occurred. */
  error?: unknown;
}

const PROBES: ReadonlySet<RequestLog["route"]> = new Set<RequestLog["route"]>(["live", "ready", "startup"]);

/** Passes on every entry except those of successful health probes, which load balancers send continuously. */
export function withoutProbes(log: (entry: RequestLog) => void): (entry: RequestLog) => void {
  return function logUnlessProbe(entry) {
    if (entry.status >= 400 || !PROBES.has(entry.route)) log(entry);
  };
}

/** Maximum characters of a path in the log. */
const MAX_PATH_CHARACTERS = 512;

/** Maximum characters of a user agent in the log. */
const MAX_AGENT_CHARACTERS = 256;

/**
 * Logs each request once. A streamed body is sent long after its headers, so its request is logged when it has been sent.
 * Every other answer counts as sent.
 */
export function accessLog(log: (entry: RequestLog) => void): Middleware {
  return function accessLog(c, next) {
    const time = Date.now();
    const started = performance.now();
    return next().then((response) => {
      const completed = completionOf(c);
      if (completed === undefined) {
        log(entryOf(c, response.status, time, started));
      } else {
        const write = () => log(entryOf(c, response.status, time, started));
        completed.then(write, write);
      }
      return response;
    });
  };
}

/** Passes on the entry of each request when its answer begins, for its span, which ends then. */
export function answerBegins(began: (entry: RequestLog) => void): Middleware {
  return function answerBegins(c, next) {
    const time = Date.now();
    const started = performance.now();
    return next().then((response) => {
      began(entryOf(c, response.status, time, started));
      return response;
    });
  };
}

/** Promise of the end of a streamed answer. It is read for no other answer: the server waits for a promise that was read. */
function completionOf(c: AppContext): Promise<void> | undefined {
  const isStreamed = c.get("skerry").answer?.body instanceof ReadableStream;
  return isStreamed ? (c.env as RequestInfo | undefined)?.completed : undefined;
}

function entryOf(c: AppContext, status: number, time: number, started: number): RequestLog {
  const { id, client, url, route, ui, bytes, error } = c.get("skerry");
  const { method, headers } = c.req.raw;
  return {
    time,
    method,
    route: route?.kind ?? ui,
    path: url.path.slice(0, MAX_PATH_CHARACTERS),
    status,
    bytes,
    received: method === "GET" || method === "HEAD" ? undefined : lengthOf(headers),
    duration: performance.now() - started,
    id,
    principal: client.principal,
    address: client.address,
    userAgent: headers.get("user-agent")?.slice(0, MAX_AGENT_CHARACTERS),
    error,
  };
}

function lengthOf(headers: Headers): number | undefined {
  const field = headers.get("content-length");
  return field !== null && /^[0-9]{1,15}$/.test(field) ? Number(field) : undefined;
}
