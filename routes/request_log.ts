import type { RouteKind } from "./route.ts";

/** Entry of the access log, one for each request. Contains no secret: neither the query nor headers. */
export interface RequestLog {
  /** Time of the request, in milliseconds since the epoch. */
  time: number;
  /** Method as the client wrote it. */
  method: string;
  /** Kind of the route; `undefined` for an invalid path. */
  route: RouteKind | undefined;
  /** The raw path without the query, cut to 512 characters. The client chose every one of them. */
  path: string;
  /** The status answered. */
  status: number;
  /** Bytes of the answer's body. */
  bytes: number;
  /** From the request to the end of the answer, in milliseconds. */
  duration: number;
  /** Id of the request, as in `X-Request-Id` and in the text of an internal error. */
  id: string;
  /** Principal; absent if the request was denied before it was known, and for public paths. */
  principal?: string | undefined;
  /** The client's address; that of the proxy where the request needs no access. */
  address?: string | undefined;
  /** Internal error, if one occurred. */
  error?: unknown;
}

const PROBES: ReadonlySet<RouteKind | undefined> = new Set<RouteKind>(["live", "ready", "startup"]);

/** Passes on every entry except those of health probes that succeeded: balancers send them without end. */
export function withoutProbes(log: (entry: RequestLog) => void): (entry: RequestLog) => void {
  return function logUnlessProbe(entry) {
    if (entry.status >= 400 || !PROBES.has(entry.route)) log(entry);
  };
}

/** Makes ids that no other request has, in this process or another, for far less than random ones cost. */
export function requestIds(): () => string {
  const process = crypto.randomUUID().slice(0, 8);
  let count = 0;
  return () => `${process}-${(count++).toString(36)}`;
}
