import { LRUCache } from "lru-cache";
import type { SignedUrl } from "./signer.ts";

/** Minimum time for which a URL is still valid when it is given to a client, in milliseconds. */
const MIN_LEFT_MS = 30_000;

/** Fraction of the lifetime of a URL in which all clients get the same URL. */
const WINDOW_FRACTION = 1 / 4;

/** Maximum URLs in memory: each has up to two kilobytes with a session token. */
const MAX_CACHED_URLS = 2048;

/** Sent by the store with the object, as the registry sends them: a browser must not render what clients have pushed. */
const RESPONSE_HEADERS = {
  "response-content-disposition": "attachment",
  "response-content-type": "application/octet-stream",
};

/** Signer of URLs: of S3, or of a distribution in front of it, which may ignore the `parameters` for S3. */
export interface UrlSigner {
  /** URL of the object, valid for `seconds` from `signingDate` unless the credentials expire earlier. */
  readUrl(
    key: string,
    seconds: number,
    signingDate: Date,
    parameters: Record<string, string>,
  ): Promise<SignedUrl>;
}

/** Options of {@linkcode ClientUrls}. */
export interface ClientUrlsOptions {
  /** Lifetime of a URL in milliseconds, at least a minute. */
  lifetime: number;
  /** The time of signatures in milliseconds since the epoch. */
  now: () => number;
}

/**
 * URLs of objects for clients. The signing time is rounded down to the start of a window, so every process with the same
 * credentials gives out the same URL for an object within the window, and a cache can answer it. A URL ends with its
 * credentials.
 */
export class ClientUrls {
  readonly #signer: UrlSigner;
  readonly #options: ClientUrlsOptions;
  readonly #urls = new LRUCache<string, { url: string; until: number }>({ max: MAX_CACHED_URLS });

  /** No URL yet. */
  constructor(signer: UrlSigner, options: ClientUrlsOptions) {
    this.#signer = signer;
    this.#options = options;
  }

  /** URL of the object for the present window; `undefined` if the credentials expire too soon. */
  async of(key: string): Promise<string | undefined> {
    const { lifetime, now } = this.#options;
    const known = this.#urls.get(key);
    if (known !== undefined && now() < known.until) return known.url;
    const windowLength = lifetime * WINDOW_FRACTION;
    const begin = Math.floor(now() / windowLength) * windowLength;
    const seconds = Math.floor(lifetime / 1000);
    const signed = await this.#signer.readUrl(key, seconds, new Date(begin), RESPONSE_HEADERS);
    const until = Math.min(begin + windowLength, signed.credentialsEnd - MIN_LEFT_MS);
    if (until <= now()) return undefined;
    this.#urls.set(key, { url: signed.url, until });
    return signed.url;
  }
}
