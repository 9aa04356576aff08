import { observer } from "../telemetry/observer.ts";
import type { LRUCache } from "lru-cache";

/** Limits of a {@linkcode TtlCache}. */
export interface TtlCacheOptions<V> {
  /** Name of the cache in metrics; absent if it has none. */
  name?: string;
  /** Maximum milliseconds in the cache, even if the epoch does not change. */
  age: number;
  /** Maximum entries. */
  count: number;
  /** Maximum total weight; unlimited by default. */
  weight?: number;
  /** Maximum weight of an entry; a heavier one is not cached. */
  heaviest?: number;
  /** Weight of a value; at least 1. */
  weigh?: (value: V) => number;
  /** A clock in milliseconds that begins above 0 and never goes back. */
  now: () => number;
}

/** A value, and the epoch that was known before the read that found it began. */
interface Fact<V> {
  epoch: string;
  value: V;
}

/** A read that is under way. */
type Read<V> = Fact<Promise<V>>;

/**
 * TTL cache for values that only a deletion invalidates. Every deletion changes the epoch, so an entry is valid while
 * the epoch is the one from before its read. Misses are never cached, and a caller never gets a miss from a read that
 * began before its call.
 */
export class TtlCache<V extends object> {
  readonly #options: TtlCacheOptions<V>;
  readonly #reads = new Map<string, Read<V>>();
  #opening: Promise<LRUCache<string, Fact<V>>> | undefined;
  #memory: LRUCache<string, Fact<V>> | undefined;

  /** Nothing yet. */
  constructor(options: TtlCacheOptions<V>) {
    this.#options = options;
  }

  /**
   * Value from the cache, or from `read`, which must be consistent. `epoch` is the current one, read after the call
   * began; without an epoch only the age ends an entry. Concurrent callers of the same key and epoch share one read.
   *
   * A cached value is no promise, because the cost of one is measurable in a pull.
   */
  get(key: string, read: () => Promise<V>, epoch = ""): V | Promise<V> {
    const known = this.#memory?.get(key);
    const isHit = known?.epoch === epoch;
    if (observer !== undefined) this.#report(isHit);
    if (isHit) return known.value;
    const underway = this.#reads.get(key);
    // A read that began in this epoch sees every deletion that was acknowledged before this call. But a miss may be
    // older than a write that was acknowledged before this call.
    return underway?.epoch === epoch ? underway.value.catch(read) : this.renew(key, read, epoch);
  }

  #report(isHit: boolean): void {
    const { name } = this.#options;
    if (name !== undefined) observer?.cacheRead(name, isHit);
  }

  /** True if the value is in the cache, or being read, in this epoch. */
  knows(key: string, epoch: string): boolean {
    return this.#memory?.peek(key)?.epoch === epoch || this.#reads.get(key)?.epoch === epoch;
  }

  /** Value from `read`, as for {@linkcode TtlCache.get}. Replaces the entry. */
  async renew(key: string, read: () => Promise<V>, epoch: string): Promise<V> {
    const start = this.#options.now();
    const reading = { epoch, value: read() };
    this.#reads.set(key, reading);
    try {
      const value = await reading.value;
      this.#memory = await (this.#opening ??= openMemory(this.#options));
      // The age counts from the start of the read, because the value may have changed since. After `drop` the read is
      // not cached.
      if (this.#reads.get(key) === reading) this.#memory.set(key, { epoch, value }, { start });
      return value;
    } finally {
      if (this.#reads.get(key) === reading) this.#reads.delete(key);
    }
  }

  /** Removes the entry; the result of a running read is not cached either. */
  drop(key: string): void {
    this.#memory?.delete(key);
    this.#reads.delete(key);
  }
}

let loading: Promise<typeof import("lru-cache")> | undefined;

/** Loaded at the first read, since a process that has just begun owes its first answer. */
async function openMemory<V extends object>(options: TtlCacheOptions<V>): Promise<LRUCache<string, Fact<V>>> {
  const { LRUCache } = await (loading ??= import("lru-cache"));
  const { age, count, weight = Infinity, heaviest = weight, weigh = () => 1, now } = options;
  return new LRUCache<string, Fact<V>>({
    max: count,
    ...(weight === Infinity
      ? {}
      : { maxSize: weight, maxEntrySize: heaviest, sizeCalculation: ({ value }) => weigh(value) }),
    ttl: age,
    ttlResolution: 0,
    perf: { now },
  });
}
