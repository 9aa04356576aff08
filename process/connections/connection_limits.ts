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

/** The limits for this process, or for one of several that have this share of the connections. */
export function defaultLimits(share = 1): ConnectionLimits {
  return {
    max: Math.max(1, Math.floor(maxConnections() * share)),
    firstRequest: 30_000,
    nextRequest: KEEP_ALIVE_MS,
    sweepInterval: 5_000,
    retryDelay: 100,
  };
}

/** Half of the file descriptors: a request may open a file, or a connection to a store, for its own connection. */
export function maxConnections(read: (path: string) => string = Deno.readTextFileSync): number {
  let limits: string;
  try {
    limits = read("/proc/self/limits");
  } catch {
    // Not Linux, or not allowed: Deno has no permission for it but `--allow-all`.
    return MAX_CONNECTIONS;
  }
  const descriptors = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  return Math.max(1, Math.min(MAX_CONNECTIONS, Math.floor((descriptors - OWN_DESCRIPTORS) / 2)));
}
