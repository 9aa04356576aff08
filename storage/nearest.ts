import { withTimeout } from "./timeout.ts";

/** A replica of a store. */
export interface Replica<T> {
  /** Name for the log. */
  name: string;
  /** Its store. A call must end within a second or two: the caller then turns to the home store. */
  store: T;
  /** Sends a small request to the store. */
  ping: () => Promise<unknown>;
}

/** Options of {@linkcode Nearest}. */
export interface NearestOptions<T> {
  /** Sends a small request to the home store, of the same kind as those to the replicas. */
  pingHome: () => Promise<unknown>;
  /** Replicas to choose from. */
  replicas: readonly Replica<T>[];
  /** Called with each change of the choice; without a replica, reads go home. */
  chosen?: (replica: Replica<T> | undefined) => void;
  /** Called with the error after which the reads go home until the next measurement. */
  failed?: (replica: Replica<T>, error: unknown) => void;
  /** Milliseconds that a request takes, `Infinity` if it fails; {@linkcode timeOf} by default. */
  time?: (ping: () => Promise<unknown>) => Promise<number>;
  /** A clock in milliseconds that is never set. */
  now?: () => number;
}

/** Milliseconds from one measurement to the next. */
const MEASURE_INTERVAL_MS = 10 * 60_000;

/** Milliseconds from a failure of the chosen replica to the next measurement. */
const FAILURE_PAUSE_MS = 30_000;

/** Requests to each store in a measurement. The fastest counts: the first one may have to open a connection. */
const PINGS = 3;

/** Maximum milliseconds of each of them. */
const PING_LIMIT_MS = 2_000;

/** Another store is chosen only if it takes at most this fraction of the time of the current one. */
const MAX_FRACTION = 0.8;

/** And only if that is so many milliseconds less. */
const MIN_GAIN_MS = 5;

/**
 * Chooses the nearest of several replicas of a store, or the home store, by the time that a small request takes: on some
 * platforms a process does not know its region. It measures in the background, when a read finds that it is due, so a
 * process without reads sends nothing. Until the first measurement has ended, all reads go home.
 */
export class Nearest<T> {
  readonly #options: NearestOptions<T>;
  readonly #now: () => number;
  readonly #time: NonNullable<NearestOptions<T>["time"]>;
  #chosen: Replica<T> | undefined;
  #due = -Infinity;
  #isMeasuring = false;

  /** Measures nothing yet. */
  constructor(options: NearestOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#time = options.time ?? timeOf;
  }

  /**
   * Result of a read at the nearest replica. `undefined` if the home store is nearer or the replica fails: the caller
   * must then read at home, as after a miss.
   */
  async read<R>(read: (store: T) => Promise<R | undefined>): Promise<R | undefined> {
    if (!this.#isMeasuring && this.#now() >= this.#due) this.#measure();
    const replica = this.#chosen;
    if (replica === undefined) return undefined;
    try {
      return await read(replica.store);
    } catch (error) {
      this.#fail(replica, error);
      return undefined;
    }
  }

  /** Only the first of concurrent failures counts. */
  #fail(replica: Replica<T>, error: unknown): void {
    if (this.#chosen !== replica) return;
    this.#chosen = undefined;
    this.#due = this.#now() + FAILURE_PAUSE_MS;
    this.#options.failed?.(replica, error);
  }

  /** Never rejects. */
  async #measure(): Promise<void> {
    this.#isMeasuring = true;
    const { pingHome, replicas } = this.#options;
    const pings = [pingHome, ...replicas.map(({ ping }) => ping)];
    const times = await Promise.all(pings.map((ping) => this.#time(ping)));
    this.#isMeasuring = false;
    this.#due = this.#now() + MEASURE_INTERVAL_MS;
    this.#choose([undefined, ...replicas].map((replica, i) => ({ replica, time: times[i]! })));
  }

  /** Stays where it is unless another store is clearly nearer, so that small differences change nothing. */
  #choose(measured: { replica: Replica<T> | undefined; time: number }[]): void {
    const current = measured.find(({ replica }) => replica === this.#chosen)!;
    const best = measured.reduce((best, other) => other.time < best.time ? other : best);
    const isClear = best.time <= current.time * MAX_FRACTION && best.time <= current.time - MIN_GAIN_MS;
    // A replica that does not answer is left in any case.
    const { replica } = isClear || current.time === Infinity ? best : current;
    if (replica === this.#chosen) return;
    this.#chosen = replica;
    this.#options.chosen?.(replica);
  }
}

/** Milliseconds of the fastest of several requests; `Infinity` if one of them fails or takes longer than `limit`. */
export async function timeOf(ping: () => Promise<unknown>, limit = PING_LIMIT_MS): Promise<number> {
  let fastest = Infinity;
  for (let count = 0; count < PINGS; count++) {
    const start = performance.now();
    const answered = Promise.try(ping).then(() => true, () => false);
    if (!await withTimeout(answered, limit, () => false)) return Infinity;
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}
