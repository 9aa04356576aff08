import type { LRUCache } from "lru-cache";

/** How much a {@linkcode Facts} may remember, and for how long. */
export interface FactsOptions<V> {
  /** Milliseconds. */
  age: number;
  /** Most facts. */
  count: number;
  /** Most that they may weigh together; without a bound by default. */
  weight?: number;
  /** Most that one of them may weigh to be remembered at all. */
  heaviest?: number;
  /** What a fact weighs, from 1. */
  weigh?: (value: V) => number;
  /** A clock in milliseconds that begins above 0 and never goes back. */
  now: () => number;
}

/**
 * Remembers for a while what only a deletion can end. That something is not there is never remembered, and a reader is
 * never told so by a read that had begun before it asked.
 */
export class Facts<V extends object> {
  readonly #options: FactsOptions<V>;
  readonly #reads = new Map<string, Promise<V>>();
  #opening: Promise<LRUCache<string, V>> | undefined;
  #memory: LRUCache<string, V> | undefined;

  /** Nothing yet. */
  constructor(options: FactsOptions<V>) {
    this.#options = options;
  }

  /** The fact, from memory or by `read`; who asks for the same at the same time shares one read. */
  get(key: string, read: () => Promise<V>): Promise<V> {
    const known = this.#memory?.get(key);
    if (known !== undefined) return Promise.resolve(known);
    const underway = this.#reads.get(key);
    // What is not there for a read that began earlier may have been written before this one was asked for.
    return underway === undefined ? this.#read(key, read) : underway.catch(read);
  }

  /** Forgets the fact; a read of it that is under way is not remembered either. */
  drop(key: string): void {
    this.#memory?.delete(key);
    this.#reads.delete(key);
  }

  /** Forgets every fact whose key begins so; a read of one that is under way is not remembered either. */
  dropAll(prefix: string): void {
    for (const keys of [this.#memory?.keys() ?? [], this.#reads.keys()]) {
      for (const key of [...keys]) if (key.startsWith(prefix)) this.drop(key);
    }
  }

  async #read(key: string, read: () => Promise<V>): Promise<V> {
    const start = this.#options.now();
    const reading = read();
    this.#reads.set(key, reading);
    try {
      const value = await reading;
      this.#memory = await (this.#opening ??= openMemory(this.#options));
      // The age counts from before the read: what it saw may have changed since. After `drop` it counts for nothing.
      if (this.#reads.get(key) === reading) this.#memory.set(key, value, { start });
      return value;
    } finally {
      if (this.#reads.get(key) === reading) this.#reads.delete(key);
    }
  }
}

/** Loaded at the first read, since a process that has just begun owes its first answer. */
async function openMemory<V extends object>(options: FactsOptions<V>): Promise<LRUCache<string, V>> {
  const { LRUCache } = await import("lru-cache");
  const { age, count, weight = Infinity, heaviest = weight, weigh = () => 1, now } = options;
  return new LRUCache<string, V>({
    max: count,
    ...(weight === Infinity ? {} : { maxSize: weight, maxEntrySize: heaviest, sizeCalculation: weigh }),
    ttl: age,
    ttlResolution: 0,
    perf: { now },
  });
}
