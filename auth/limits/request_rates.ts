import { LRUCache } from "lru-cache";
import { RegistryError } from "../../oci/mod.ts";

/** Options of {@linkcode RequestRates}. */
export interface RequestRatesOptions {
  /** Requests that one may make in a minute; 0 sets no bound. */
  perMinute: number;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** Requests that one client may still make at once. */
interface Bucket {
  left: number;
  /** Time of that state, in milliseconds since the epoch. */
  at: number;
}

const MINUTE_MS = 60_000;

/** Maximum clients in memory. A forgotten client starts again with a full minute of requests. */
const MAX_BUCKETS = 16_384;

/**
 * Bounds how many requests one principal or one address may make: as many as a minute has at once, and then as many as come
 * back in time.
 */
export class RequestRates {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS });

  /** Starts with an empty memory. */
  constructor({ perMinute, now = Date.now }: RequestRatesOptions) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /**
   * Counts a request of the client `who`.
   *
   * @throws {RegistryError} 429 with `Retry-After` if the limit is reached.
   */
  take(who: string): void {
    if (this.#perMinute === 0) return;
    const now = this.#now();
    const bucket = this.#buckets.get(who) ?? { left: this.#perMinute, at: now };
    const perMillisecond = this.#perMinute / MINUTE_MS;
    bucket.left = Math.min(this.#perMinute, bucket.left + Math.max(0, now - bucket.at) * perMillisecond);
    bucket.at = now;
    this.#buckets.set(who, bucket);
    if (bucket.left < 1) {
      const seconds = Math.ceil((1 - bucket.left) / perMillisecond / 1000);
      throw new RegistryError("TOOMANYREQUESTS", "Rate limit exceeded: wait before the next request", {
        headers: { "Retry-After": String(seconds) },
      });
    }
    bucket.left--;
  }
}
