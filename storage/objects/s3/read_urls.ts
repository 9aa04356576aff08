import { LRUCache } from "lru-cache";
import type { Signer } from "./signer.ts";

/** Lifetime of a URL, in seconds. */
const LIFETIME_SECONDS = 15 * 60;

/** Time before its expiry at which a URL is replaced, in milliseconds, because clocks differ. */
const MARGIN_MS = 60_000;

/** Maximum URLs in memory: each has one or two kilobytes with a session token. */
const MAX_CACHED_URLS = 4096;

/** Presigned URLs for reading objects. Each is signed once and used until half of its lifetime has passed. */
export class ReadUrls {
  readonly #signer: Pick<Signer, "readUrl">;
  readonly #now: () => number;
  readonly #urls = new LRUCache<string, { url: string; until: number }>({ max: MAX_CACHED_URLS });

  /** None yet; `now` is the time in milliseconds since the epoch. */
  constructor(signer: Pick<Signer, "readUrl">, now: () => number = Date.now) {
    this.#signer = signer;
    this.#now = now;
  }

  /** A URL that the object can be read with now. */
  async of(key: string): Promise<string> {
    const now = this.#now();
    const known = this.#urls.get(key);
    if (known && known.until > now) return known.url;
    const { url, credentialsEnd } = await this.#signer.readUrl(key, LIFETIME_SECONDS, new Date(now));
    this.#urls.set(key, {
      url,
      until: Math.min(now + LIFETIME_SECONDS * 1000 / 2, credentialsEnd - MARGIN_MS),
    });
    return url;
  }

  /** Forgets the URL of an object after a failure: the next read signs another one. */
  forget(key: string): void {
    this.#urls.delete(key);
  }
}
