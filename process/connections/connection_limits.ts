/** Limits of the connections of a process, and of their waiting time without a request. */
export interface ConnectionLimits {
  /** Connections at most. */
  readonly max: number;
  /** Milliseconds from the start of a connection to the end of its first request's head. */
  readonly firstRequest: number;
  /** Milliseconds from one answer to the end of the next request's head. */
  readonly nextRequest: number;
  /** Milliseconds between two checks for connections that have waited too long. */
  readonly sweepInterval: number;
  /** Milliseconds from an accept that failed to the next one. */
  readonly retryDelay: number;
}

/** Maximum connections if the number of open files is unlimited: each connection takes memory. */
const MAX_CONNECTIONS = 16_384;

/**
 * Longer than proxies and load balancers keep an idle connection, so that they close it and not we: Caddy 2 minutes,
 * Google Cloud 10 minutes. Idle connections make room for new ones long before that.
 */
const KEEP_ALIVE_MS = 620_000;

/** File descriptors of the process itself: the database, the log, the outbound connections. */
const OWN_DESCRIPTORS = 64;

/** File descriptors of a connection and its request: the connection, and a file or a connection to a store. */
const DESCRIPTORS = 2;

/** The same with TLS, which is a second connection within the process, with two ends. */
export const DESCRIPTORS_WITH_TLS = 4;

/** The limits for this process, or for one of several that have this share of the connections. */
export function defaultLimits(share = 1, descriptors: number = DESCRIPTORS): ConnectionLimits {
  return {
    max: Math.max(1, Math.floor(maxConnections(undefined, descriptors) * share)),
    firstRequest: 30_000,
    nextRequest: KEEP_ALIVE_MS,
    sweepInterval: 5_000,
    retryDelay: 100,
  };
}

/** Connections that the file descriptors of the process suffice for, if each takes so many. */
export function maxConnections(
  read: (path: string) => string = Deno.readTextFileSync,
  descriptors: number = DESCRIPTORS,
): number {
  let limits: string;
  try {
    limits = read("/proc/self/limits");
  } catch {
    // Not Linux, or not allowed: Deno has no permission for it but `--allow-all`.
    return MAX_CONNECTIONS;
  }
  const open = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  return Math.max(1, Math.min(MAX_CONNECTIONS, Math.floor((open - OWN_DESCRIPTORS) / descriptors)));
}
