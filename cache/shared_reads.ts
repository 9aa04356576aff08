/** Maximum concurrent reads of one key; further callers share the next one. */
const MAX_READS_IN_FLIGHT = 4;

/**
 * Single flight: callers that request the same key within one turn of the event loop share one read. The read begins
 * after the last of them has called, so no caller gets a value that is older than its call.
 */
export class SharedReads<V> {
  /** Reads that have not begun. */
  readonly #waiting = new Map<string, Promise<V>>();
  /** Number of running reads by key. */
  readonly #running = new Map<string, number>();
  /** Called when one of too many reads of a key has ended. */
  readonly #wake = new Map<string, () => void>();

  /** Result of `read`, shared with the other callers of this turn. */
  get(key: string, read: () => Promise<V>): Promise<V> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const shared = nextTurn().then(() => this.#begin(key, read));
    this.#waiting.set(key, shared);
    return shared;
  }

  async #begin(key: string, read: () => Promise<V>): Promise<V> {
    if ((this.#running.get(key) ?? 0) >= MAX_READS_IN_FLIGHT) {
      await new Promise<void>((resolve) => this.#wake.set(key, resolve));
    }
    this.#waiting.delete(key);
    this.#running.set(key, (this.#running.get(key) ?? 0) + 1);
    try {
      return await read();
    } finally {
      this.#end(key);
    }
  }

  #end(key: string): void {
    const running = this.#running.get(key)! - 1;
    if (running === 0) this.#running.delete(key);
    else this.#running.set(key, running);
    this.#wake.get(key)?.();
    this.#wake.delete(key);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
