import { RecentMap } from "../../bounded_map.ts";
import { S3Error } from "./errors.ts";
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

  /**
   * Reads an object with a request for it, whole or with a `Range` in addition. After a 403 the next read signs another
   * request: the credentials or the clock may have changed since this one was signed.
   */
  async read<T>(key: string, read: (request: Request) => Promise<T>): Promise<T> {
    try {
      return await read(await this.#of(key));
    } catch (error) {
      if (error instanceof S3Error && error.status === 403) this.#requests.delete(key);
      throw error;
    }
  }

  async #of(key: string): Promise<Request> {
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
}
