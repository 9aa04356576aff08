import { RegistryError, unavailable } from "../oci/errors.ts";

/** Milliseconds that a request waits for room before it is refused. */
const WAIT_MS = 10_000;

/** Milliseconds that a body may take to arrive while others wait for room. */
const PATIENCE_MS = 10_000;

/** Requests that may wait: each is a connection, and little more. */
const MOST_WAITING = 1000;

/** Room in memory that one request has. */
export interface BodyHold {
  /** The body has arrived and takes so many bytes from here on. */
  arrived: (bytes: number) => void;
  /** The bytes are no longer used. */
  release: () => void;
}

/** A hold that was given out. */
interface Holder {
  bytes: number;
  /** When it was given out; `undefined` once its body has arrived. */
  since: number | undefined;
  giveUp: (reason: RegistryError) => void;
}

/** A request that waits for room. */
interface Waiter {
  bytes: number;
  enter: () => void;
}

/** How long {@linkcode BodyBudget} waits; for tests. */
export interface BodyBudgetOptions {
  /** Milliseconds that a request waits for room; 10,000 by default. */
  waitMs?: number;
  /** Milliseconds that a body may take to arrive while others wait; 10,000 by default. */
  patienceMs?: number;
}

/**
 * One budget for the bytes of all request bodies that a process holds in memory: manifests, forms and JSON. A body takes
 * its room before its first byte is read, so no two bodies can wait for each other. Where there is none, requests wait in
 * turn; a body that has taken long to arrive is then given up, so that slow clients do not keep the room.
 */
export class BodyBudget {
  /** Bytes that bodies may take together. */
  readonly size: number;
  readonly #waitMs: number;
  readonly #patienceMs: number;
  readonly #waiting = new Set<Waiter>();
  /** In the order in which they were given out. */
  readonly #holders = new Set<Holder>();
  #held = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A budget of `size` bytes. */
  constructor(size: number, { waitMs = WAIT_MS, patienceMs = PATIENCE_MS }: BodyBudgetOptions = {}) {
    this.size = size;
    this.#waitMs = waitMs;
    this.#patienceMs = patienceMs;
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
   * Takes room for a body, as soon as there is some. `giveUp` is called if the body does not arrive in time.
   *
   * @throws {RegistryError} 503 where there is none within the time to wait.
   */
  async take(bytes: number, giveUp: (reason: RegistryError) => void): Promise<BodyHold> {
    const wanted = Math.min(bytes, this.size);
    if (this.#waiting.size > 0 || this.#held + wanted > this.size) await this.#turn(wanted);
    else this.#held += wanted;
    const holder: Holder = { bytes: wanted, since: performance.now(), giveUp };
    this.#holders.add(holder);
    return {
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

  #resize(holder: Holder, bytes: number): void {
    this.#held -= holder.bytes - bytes;
    holder.bytes = bytes;
    for (const waiter of this.#waiting) {
      if (this.#held + waiter.bytes > this.size) break;
      this.#held += waiter.bytes;
      this.#waiting.delete(waiter);
      waiter.enter();
    }
    this.#watch();
  }

  async #turn(bytes: number): Promise<void> {
    if (this.#waiting.size >= MOST_WAITING) throw tooManyBodies();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { bytes, enter: resolve };
    this.#waiting.add(waiter);
    const timer = setTimeout(() => {
      this.#waiting.delete(waiter);
      reject(tooManyBodies());
    }, this.#waitMs);
    this.#watch();
    await promise.finally(() => clearTimeout(timer));
  }

  /** While requests wait, gives up the bodies that take too long. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    for (const holder of this.#holders) {
      if (holder.since === undefined) continue;
      const left = holder.since + this.#patienceMs - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.#watch(), left);
        return;
      }
      holder.since = undefined;
      holder.giveUp(tooSlow());
    }
  }
}

function tooManyBodies(): RegistryError {
  return unavailable("Cannot read the request body: too many bodies are in memory", { seconds: 2 });
}

function tooSlow(): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", "The request body comes too slowly while others wait", {
    status: 408,
  });
}
