import { prefixOf } from "../items/mod.ts";

/** Keys of objects without a known item or upload, grouped by the prefix of the upload that created each. */
export class UnnamedObjects {
  readonly #byPrefix = new Map<string, Set<string>>();
  #size = 0;

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Adds a key. */
  add(key: string): void {
    const prefix = prefixOf(key);
    const keys = this.#byPrefix.get(prefix);
    if (keys === undefined) this.#byPrefix.set(prefix, new Set([key]));
    else keys.add(key);
    this.#size++;
  }

  /** Removes the key of an object that an item references. */
  name(key: string): void {
    const prefix = prefixOf(key);
    const keys = this.#byPrefix.get(prefix);
    if (keys === undefined || !keys.delete(key)) return;
    this.#size--;
    if (keys.size === 0) this.#byPrefix.delete(prefix);
  }

  /** Removes the keys of an upload: it owns every object with its prefix. */
  own(prefix: string): void {
    this.#size -= this.#byPrefix.get(prefix)?.size ?? 0;
    this.#byPrefix.delete(prefix);
  }

  /** All remaining keys. */
  *keys(): IterableIterator<string> {
    for (const keys of this.#byPrefix.values()) yield* keys;
  }
}
