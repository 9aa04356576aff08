import { lengthOf } from "../http/mod.ts";
import type { RouteKind } from "../route.ts";
import type { AppContext, Middleware, RequestInfo } from "./env.ts";

/** Entry of the access log, one for each request. Contains no secret: neither the query nor headers. */
export interface RequestLog {
  /** Time of the request, in milliseconds since the epoch. */
  time: number;
  /** Method as the client wrote it. */
  method: string;
  /** Kind of the route; `undefined` for an invalid path. */
  route: RouteKind | undefined;
  /** Raw path without the query, cut to 512 characters. It is untrusted input of the client. */
  path: string;
  /** Status of the answer. */
  status: number;
  /** Bytes of the answer's body. */
  bytes: number;
  /** From the request to the end of the answer, in milliseconds. */
  duration: number;
  /** Id of the request, as in `X-Request-Id` and in the text of an internal error. */
  id: string;
  /** Principal; absent if the request was denied before it was known, and for public paths. */
  principal?: string | undefined;
  /** Client's address; that of the proxy for public paths. */
  address?: string | undefined;
  /** Internal error, if one occurred. */
  error?: unknown;
}

const PROBES: ReadonlySet<RouteKind | undefined> = new Set<RouteKind>(["live", "ready", "startup"]);

/** Passes on every entry except those of successful health probes, which load balancers send continuously. */
export function withoutProbes(log: (entry: RequestLog) => void): (entry: RequestLog) => void {
  return function logUnlessProbe(entry) {
    if (entry.status >= 400 || !PROBES.has(entry.route)) log(entry);
  };
}

/** Maximum characters of a path in the log. */
const MAX_PATH_CHARACTERS = 512;

/**
 * Logs each request once. A streamed body is sent long after its headers, so its request is logged when it has been sent.
 * Every other answer counts as sent.
 */
export function accessLog(log: (entry: RequestLog) => void): Middleware {
  return async function accessLog(c, next) {
    const time = Date.now();
    const started = performance.now();
    await next();
    const write = () => log({ time, duration: performance.now() - started, ...entryOf(c) });
    const isStreamed = c.get("skerry").answer?.body instanceof ReadableStream;
    // Read only for a stream: the server waits for a promise that was read.
    const completed = isStreamed ? (c.env as RequestInfo | undefined)?.completed : undefined;
    if (completed === undefined) write();
    else completed.then(write, write);
  };
}

function entryOf(c: AppContext): Omit<RequestLog, "time" | "duration"> {
  const { id, client, url, route, answer, error } = c.get("skerry");
  const { method } = c.req.raw;
  return {
    method,
    route: route?.kind,
    path: url.path.slice(0, MAX_PATH_CHARACTERS),
    status: c.res.status,
    bytes: method === "HEAD" || answer === undefined ? 0 : lengthOf(answer),
    id,
    principal: client.principal,
    address: client.address,
    error,
  };
}
