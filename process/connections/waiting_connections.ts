/** A connection without a request in progress. */
export interface WaitingConnection {
  /** Milliseconds of a clock: since then it has had no request. */
  readonly waitsSince: number;
}

/** Open connections of one network. */
export interface Network<T> {
  /** See `networkOf`. */
  readonly name: string;
  /** Connections without a request in progress, the longest waiting first. */
  readonly waiting: Set<T>;
  /** Number of connections, waiting or not. */
  open: number;
}

/** Milliseconds that a client has to send its first request before its connection may make room for another one. */
const GRACE_MS = 1000;

/** Waiting connections of one network that have the grace: with more, it is a flood. */
const MAX_CONNECTIONS_WITH_GRACE = 8;

/** The connections that may be closed to make room, by network. */
export class WaitingConnections<T extends WaitingConnection> {
  readonly #networks = new Map<string, Network<T>>();

  /** Waiting connections of a network (see `networkOf`) for a new connection of it, until that one leaves. */
  join(name: string): Network<T> {
    let network = this.#networks.get(name);
    if (network === undefined) this.#networks.set(name, network = { name, waiting: new Set(), open: 0 });
    network.open++;
    return network;
  }

  /** Ends the part of a connection that has joined. */
  leave(network: Network<T>, connection: T): void {
    network.waiting.delete(connection);
    if (--network.open === 0) this.#networks.delete(network.name);
  }

  /** Connections that have waited since then or longer. The caller may close each. */
  *since(time: number): Generator<T> {
    for (const { waiting } of this.#networks.values()) {
      for (const connection of waiting) {
        if (connection.waitsSince > time) break;
        yield connection;
      }
    }
  }

  /**
   * Connection to close for a new one: of the network that has most, so that a flood replaces its own connections;
   * among equals the longest waiting one. `undefined` if none waits.
   */
  choose(now: number): T | undefined {
    let best: { connection: T; isNew: boolean; count: number } | undefined;
    for (const { waiting } of this.#networks.values()) {
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
