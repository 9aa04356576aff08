import { LRUCache } from "lru-cache";
import { RegistryError } from "../../oci/mod.ts";

/** Options of {@linkcode RequestRates}. */
export interface RequestRatesOptions {
  /** Maximum requests of one client a minute; 0 means no limit. */
  perMinute: number;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** Token bucket of one client. */
interface Bucket {
  /** Requests that the client may make now. */
  left: number;
  /** Time of the last refill, in milliseconds since the epoch. */
  at: number;
}

const MINUTE_MS = 60_000;

/** Maximum clients in memory. A forgotten client starts again with a full minute of requests. */
const MAX_BUCKETS = 16_384;

/**
 * Rate limit of each client (a principal or an address) as a token bucket: it holds the requests of one minute and
 * refills steadily.
 */
export class RequestRates {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS });

  /** Starts with a full bucket for every client. */
  constructor({ perMinute, now = Date.now }: RequestRatesOptions) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /**
   * Counts a request of the client.
   *
   * @throws {RegistryError} 429 with `Retry-After` if the limit is reached.
   */
  take(client: string): void {
    if (this.#perMinute === 0) return;
    const now = this.#now();
    const bucket = this.#buckets.get(client) ?? { left: this.#perMinute, at: now };
    const perMillisecond = this.#perMinute / MINUTE_MS;
    bucket.left = Math.min(this.#perMinute, bucket.left + Math.max(0, now - bucket.at) * perMillisecond);
    bucket.at = now;
    this.#buckets.set(client, bucket);
    if (bucket.left < 1) {
      const seconds = Math.ceil((1 - bucket.left) / perMillisecond / 1000);
      throw new RegistryError("TOOMANYREQUESTS", "Rate limit exceeded: wait before the next request", {
        headers: { "Retry-After": String(seconds) },
      });
    }
    bucket.left--;
  }
}
