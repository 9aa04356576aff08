import type { RouteKind } from "./route.ts";

/** What is told of every request, once. Nothing in it is a secret: it holds neither query nor headers. */
export interface RequestLog {
  /** When it came, in milliseconds since the epoch. */
  time: number;
  /** As the client wrote it. */
  method: string;
  /** What it asked for; `undefined` where no route could be read from it. */
  route: RouteKind | undefined;
  /** The raw path without the query, cut to 512 characters. The client chose every one of them. */
  path: string;
  /** The status answered. */
  status: number;
  /** Bytes of the answer's body. */
  bytes: number;
  /** From the request to the end of the answer, in milliseconds. */
  duration: number;
  /** Names the request in `X-Request-Id` and in the text of an internal error. */
  id: string;
  /** The principal; absent where the request was refused before it was known, and where it does not matter. */
  principal?: string | undefined;
  /** The client's address; that of the proxy where the request needs no access. */
  address?: string | undefined;
  /** What went wrong on our side. */
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
