import { BoundedMap } from "../../storage/bounded_map.ts";
import { observer } from "../../telemetry/observer.ts";
import { RegistryError } from "../../oci/mod.ts";

/** Options of {@linkcode RequestRates}. */
export interface RequestRatesOptions {
  /** Maximum requests of one client a minute; 0 means no limit. */
  perMinute: number;
  /** True if other processes serve the same clients: see {@linkcode RequestRates.drain}. */
  isShared?: boolean;
  /** Rates to continue: each bucket keeps its fill, up to the new limit. */
  earlier?: RequestRates;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** Requests that a process has admitted, by client. */
export type RequestCounts = [client: string, count: number][];

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
  readonly #buckets: BoundedMap<string, Bucket>;
  /** Requests since the last {@linkcode RequestRates.drain}; absent if no other process is to know. */
  readonly #admitted: Map<string, number> | undefined;

  /** Starts with a full bucket for every client, unless it continues other rates. */
  constructor({ perMinute, isShared = false, earlier, now = Date.now }: RequestRatesOptions) {
    this.#perMinute = perMinute;
    this.#now = now;
    this.#buckets = earlier !== undefined ? earlier.#buckets : new BoundedMap(MAX_BUCKETS);
    this.#admitted = earlier !== undefined ? earlier.#admitted : isShared ? new Map() : undefined;
  }

  /**
   * Counts a request of the client.
   *
   * @throws {RegistryError} 429 with `Retry-After` if the limit is reached.
   */
  take(client: string): void {
    if (this.#perMinute === 0) return;
    const bucket = this.#refilled(client);
    if (bucket.left < 1) {
      observer?.refused("request-rate");
      const seconds = Math.ceil((1 - bucket.left) / this.#perMillisecond / 1000);
      throw new RegistryError("TOOMANYREQUESTS", "Rate limit exceeded: wait before the next request", {
        headers: { "Retry-After": String(seconds) },
      });
    }
    bucket.left--;
    this.#admitted?.set(client, (this.#admitted.get(client) ?? 0) + 1);
  }

  /** Returns the requests that were admitted since the last call, for {@linkcode add} in the other processes. */
  drain(): RequestCounts {
    const counts = [...this.#admitted ?? []];
    this.#admitted?.clear();
    return counts;
  }

  /**
   * Counts requests that another process has admitted. A bucket can become overdrawn, since both processes may have
   * admitted the last requests of a client; the client then waits longer.
   */
  add(counts: RequestCounts): void {
    if (this.#perMinute === 0) return;
    for (const [client, count] of counts) this.#refilled(client).left -= count;
  }

  get #perMillisecond(): number {
    return this.#perMinute / MINUTE_MS;
  }

  /** Bucket of the client as it is now. */
  #refilled(client: string): Bucket {
    const now = this.#now();
    const bucket = this.#buckets.get(client) ?? { left: this.#perMinute, at: now };
    const refill = Math.max(0, now - bucket.at) * this.#perMillisecond;
    bucket.left = Math.min(this.#perMinute, bucket.left + refill);
    bucket.at = now;
    this.#buckets.set(client, bucket);
    return bucket;
  }
}
