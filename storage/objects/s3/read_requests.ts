import { RecentMap } from "../../bounded_map.ts";
import type { Signer } from "./signer.ts";

/** Lifetime of a URL, in seconds. */
const LIFETIME_SECONDS = 15 * 60;

/** Time before its expiry at which a URL is replaced, in milliseconds, because clocks differ. */
const MARGIN_MS = 60_000;

/** Maximum requests in memory: each has a few kilobytes with a session token. */
const MAX_CACHED_REQUESTS = 2048;

/**
 * Requests for reading objects, with a presigned URL. Each is made once and sent until half of its lifetime has passed:
 * to make it again, `fetch` would parse its URL, which is a twentieth of the CPU time of a small blob.
 */
export class ReadRequests {
  readonly #signer: Pick<Signer, "readUrl">;
  readonly #now: () => number;
  readonly #requests = new RecentMap<string, { request: Request; until: number }>(MAX_CACHED_REQUESTS);

  /** None yet; `now` is the time in milliseconds since the epoch. */
  constructor(signer: Pick<Signer, "readUrl">, now: () => number = Date.now) {
    this.#signer = signer;
    this.#now = now;
  }

  /** A request that the object can be read with now, whole or with a `Range` in addition. */
  async of(key: string): Promise<Request> {
    const now = this.#now();
    const known = this.#requests.get(key);
    if (known && known.until > now) return known.request;
    const { url, credentialsEnd } = await this.#signer.readUrl(key, LIFETIME_SECONDS, new Date(now));
    // Requests the stored bytes without compression by the store.
    const request = new Request(url, { headers: { "accept-encoding": "identity" }, redirect: "manual" });
    this.#requests.set(key, {
      request,
      until: Math.min(now + LIFETIME_SECONDS * 1000 / 2, credentialsEnd - MARGIN_MS),
    });
    return request;
  }

  /** Forgets the request for an object after a failure: the next read signs another one. */
  forget(key: string): void {
    this.#requests.delete(key);
  }
}
