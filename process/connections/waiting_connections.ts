/** A connection without a request in progress. */
export interface WaitingConnection {
  /** Network of the client, see `networkOf`. */
  readonly network: string;
  /** Milliseconds since the process started: since then it has had no request. */
  readonly waitsSince: number;
}

/** Milliseconds that a client has to send its first request before its connection may make room for another one. */
const GRACE_MS = 1000;

/** Waiting connections of one network that have the grace: with more, it is a flood. */
const MAX_CONNECTIONS_WITH_GRACE = 8;

/** The connections that may be closed to make room, by network. */
export class WaitingConnections<T extends WaitingConnection> {
  /** Waiting connections by network, the longest waiting first. */
  readonly #networks = new Map<string, Set<T>>();

  /** Adds a connection, which has waited less than all others. */
  add(connection: T): void {
    const waiting = this.#networks.get(connection.network);
    if (waiting === undefined) this.#networks.set(connection.network, new Set([connection]));
    else waiting.add(connection);
  }

  /** Removes a connection that may be waiting. */
  delete(connection: T): void {
    const waiting = this.#networks.get(connection.network);
    if (waiting?.delete(connection) && waiting.size === 0) this.#networks.delete(connection.network);
  }

  /**
   * Connection to close for a new one: of the network that has most, so that a flood replaces its own connections;
   * among equals the longest waiting one. `undefined` if none waits.
   */
  choose(now: number): T | undefined {
    let best: { connection: T; isNew: boolean; count: number } | undefined;
    for (const waiting of this.#networks.values()) {
      const [connection] = waiting;
      if (connection === undefined) continue;
      const count = waiting.size;
      const isNew = now - connection.waitsSince < GRACE_MS && count <= MAX_CONNECTIONS_WITH_GRACE;
      if (best === undefined || isBefore({ connection, isNew, count }, best)) {
        best = { connection, isNew, count };
      }
    }
    return best?.connection;
  }
}

interface Candidate {
  connection: WaitingConnection;
  isNew: boolean;
  count: number;
}

function isBefore(one: Candidate, other: Candidate): boolean {
  if (one.isNew !== other.isNew) return other.isNew;
  if (one.count !== other.count) return one.count > other.count;
  return one.connection.waitsSince < other.connection.waitsSince;
}
