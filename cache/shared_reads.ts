/**
 * Lets all who ask for the same within one turn of the event loop share one read. It begins after the last of them has
 * asked, so nobody gets what was true only before they did.
 */
export class SharedReads<V> {
  readonly #waiting = new Map<string, Promise<V>>();

  /** What `read` answers. */
  get(key: string, read: () => Promise<V>): Promise<V> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const shared = nextTurn().then(() => {
      this.#waiting.delete(key);
      return read();
    });
    this.#waiting.set(key, shared);
    return shared;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
