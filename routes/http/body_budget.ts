import { observer } from "../../telemetry/observer.ts";
import { RegistryError, unavailable } from "../../oci/mod.ts";

/** Milliseconds that a request waits for room before it is refused. */
const WAIT_MS = 10_000;

/** Milliseconds that a body may take to arrive while others wait for room. */
const PATIENCE_MS = 10_000;

/** Requests that may wait: each is a connection, and little more. */
const MAX_WAITING_REQUESTS = 1000;

/** Requests of one network that may wait. */
const MAX_WAITING_REQUESTS_PER_NETWORK = 100;

/** Room in memory that one request has. */
export interface BodyHold {
  /**
   * Reports the bytes that the body takes so far.
   *
   * @throws {RegistryError} 503 if the budget has no room for more.
   */
  grow: (bytes: number) => void;
  /** Reports that the body has arrived, and its final bytes. */
  arrived: (bytes: number) => void;
  /** The bytes are no longer used. */
  release: () => void;
}

/** A hold that was given out. */
interface Holder {
  bytes: number;
  network: string | undefined;
  /** Time of admission; `undefined` once its body has arrived. */
  since: number | undefined;
  giveUp: (reason: RegistryError) => void;
}

/** A request that waits for room. */
interface Waiter {
  bytes: number;
  network: string | undefined;
  enter: () => void;
}

/** Options of {@linkcode BodyBudget}. */
export interface BodyBudgetOptions {
  /** Name of the budget in metrics; absent if it has none. */
  name?: string;
  /** Maximum bytes of the bodies of one network, while several networks are active; half of the budget by default. */
  share?: number;
  /** Milliseconds that a request waits for room; 10,000 by default. */
  waitMs?: number;
  /** Milliseconds that a body may take to arrive while others wait; 10,000 by default. */
  patienceMs?: number;
}

/**
 * Budget for request bodies in the memory of the process, in bytes. A body takes its room before its first byte is
 * read, so no two bodies can wait for each other. If the budget is full, requests wait in turn, and a body that arrives
 * too slowly is cancelled, so that slow clients do not keep the room.
 *
 * WARNING: some of these bodies require no login. Each network has a limited share of the room and of the queue, so
 * that its slow bodies do not delay other networks.
 */
export class BodyBudget {
  /** Bytes that bodies may take together. */
  readonly size: number;
  readonly #share: number;
  readonly #waitMs: number;
  readonly #patienceMs: number;
  readonly #waiting = new Set<Waiter>();
  /** In the order in which they were given out. */
  readonly #holders = new Set<Holder>();
  /** Bytes and waiting requests of each network that has any. */
  readonly #networks = new Map<string, { held: number; waiting: number }>();
  #held = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A budget of `size` bytes. */
  constructor(
    size: number,
    { name, share = size / 2, waitMs = WAIT_MS, patienceMs = PATIENCE_MS }: BodyBudgetOptions = {},
  ) {
    this.size = size;
    this.#share = share;
    this.#waitMs = waitMs;
    this.#patienceMs = patienceMs;
    if (name === undefined) return;
    observer?.watch("skerry.request_body.memory.used", () => this.#held, name);
    observer?.watch("skerry.request_body.memory.limit", () => size, name);
  }

  /** Bytes that are taken. */
  get held(): number {
    return this.#held;
  }

  /** Requests that wait for room. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Takes room for a body of a client in `network` as soon as possible. `giveUp` is called if the body does not arrive
   * in time. An unknown network has no share of its own.
   *
   * @throws {RegistryError} 503 if no room becomes free in time.
   */
  async take(
    bytes: number,
    giveUp: (reason: RegistryError) => void,
    network?: string,
  ): Promise<BodyHold> {
    const wanted = { bytes: Math.min(bytes, this.size), network };
    if (this.#hasRoom(wanted) && !this.#isQueued()) this.#count(network, wanted.bytes);
    else await this.#turn(wanted);
    const holder: Holder = { ...wanted, since: performance.now(), giveUp };
    this.#holders.add(holder);
    return {
      grow: (size) => {
        const more = { bytes: size - holder.bytes, network };
        if (more.bytes <= 0) return;
        if (!this.#hasRoom(more)) throw tooManyBodies();
        this.#resize(holder, size);
      },
      arrived: (size) => {
        holder.since = undefined;
        this.#resize(holder, Math.min(size, holder.bytes));
      },
      release: () => {
        this.#resize(holder, 0);
        this.#holders.delete(holder);
      },
    };
  }

  #hasRoom(wanted: Pick<Waiter, "bytes" | "network">): boolean {
    return this.#held + wanted.bytes <= this.size && this.#isWithinShare(wanted);
  }

  /** A network may have one body of any size. */
  #isWithinShare({ bytes, network }: Pick<Waiter, "bytes" | "network">): boolean {
    const held = network === undefined ? 0 : this.#networks.get(network)?.held ?? 0;
    return held === 0 || held + bytes <= this.#share;
  }

  /** True if a request waits for room, and not for its own network. */
  #isQueued(): boolean {
    for (const waiter of this.#waiting) if (this.#isWithinShare(waiter)) return true;
    return false;
  }

  #resize(holder: Holder, bytes: number): void {
    this.#count(holder.network, bytes - holder.bytes);
    holder.bytes = bytes;
    this.#admit();
  }

  /** Adds to the bytes and the waiting requests of a network. */
  #count(network: string | undefined, bytes: number, waiting = 0): void {
    this.#held += bytes;
    if (network === undefined) return;
    const counts = this.#networks.get(network) ?? { held: 0, waiting: 0 };
    counts.held += bytes;
    counts.waiting += waiting;
    if (counts.held > 0 || counts.waiting > 0) this.#networks.set(network, counts);
    else this.#networks.delete(network);
  }

  /** Admits waiting requests in turn, except those of networks that have used up their share. */
  #admit(): void {
    for (const waiter of this.#waiting) {
      if (!this.#isWithinShare(waiter)) continue;
      if (!this.#hasRoom(waiter)) break;
      this.#leave(waiter);
      this.#count(waiter.network, waiter.bytes);
      waiter.enter();
    }
    this.#watch();
  }

  async #turn({ bytes, network }: Pick<Waiter, "bytes" | "network">): Promise<void> {
    const ofNetwork = network === undefined ? 0 : this.#networks.get(network)?.waiting ?? 0;
    if (this.#waiting.size >= MAX_WAITING_REQUESTS || ofNetwork >= MAX_WAITING_REQUESTS_PER_NETWORK) {
      throw tooManyBodies();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { bytes, network, enter: resolve };
    this.#waiting.add(waiter);
    this.#count(network, 0, 1);
    const timer = setTimeout(() => {
      this.#leave(waiter);
      reject(tooManyBodies());
      this.#admit();
    }, this.#waitMs);
    this.#watch();
    const since = performance.now();
    await promise.finally(() => {
      clearTimeout(timer);
      observer?.waited("request-body", performance.now() - since);
    });
  }

  #leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    this.#count(waiter.network, 0, -1);
  }

  /** While requests wait, gives up the bodies that take too long; for a network over its share, only its own. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const isQueued = this.#isQueued();
    for (const holder of this.#holders) {
      if (holder.since === undefined || !(isQueued || this.#hasWaiting(holder.network))) continue;
      const left = holder.since + this.#patienceMs - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.#watch(), left);
        return;
      }
      holder.since = undefined;
      holder.giveUp(tooSlow());
    }
  }

  #hasWaiting(network: string | undefined): boolean {
    return network !== undefined && (this.#networks.get(network)?.waiting ?? 0) > 0;
  }
}

function tooManyBodies(): RegistryError {
  return unavailable("Cannot read the request body: too many bodies are in memory", { seconds: 2 });
}

function tooSlow(): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", "The request body is too slow while other requests wait", {
    status: 408,
  });
}
