/**
 * Map of at most `max` entries: one more drops the entry that was set first. Costs nothing until it has entries, unlike
 * `LRUCache`, which allocates all of its room at once.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number;

  /** An empty map. */
  constructor(max: number) {
    super();
    this.#max = max;
  }

  /** Sets the entry, which becomes the newest one. */
  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#max) this.delete(this.keys().next().value!);
    return this;
  }
}

/** {@linkcode BoundedMap} that drops the entry that was set or read first: an LRU cache. */
export class RecentMap<K, V> extends BoundedMap<K, V> {
  /** Value of the entry, which becomes the newest one. */
  override get(key: K): V | undefined {
    const value = super.get(key);
    if (value !== undefined) super.set(key, value);
    return value;
  }
}
