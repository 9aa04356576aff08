import { createLocalJWKSet, errors, type JWK, type JWTHeaderParameters } from "jose";
import { unavailable } from "../../oci/mod.ts";
import { documentUrl, fetchJson, type JsonDocument } from "./json_document.ts";

/** Options of {@linkcode JwksSource}. */
export interface JwksSourceOptions {
  /** `iss`, exactly. */
  issuer: string;
  /** URL of the keys. Default: the one of the discovery document. */
  jwksUri?: string;
  /** Timeout of a fetch, in milliseconds. */
  timeout?: number;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Bytes of the largest document; those of well-known issuers have 2 to 10 KiB. */
const MAX_DOCUMENT_BYTES = 256 * 1024;

/** Minimum milliseconds for which keys are cached, whatever their issuer says: each fetch delays a login. */
const MIN_TTL_MS = 60_000;

/** Maximum milliseconds for which keys are cached: a withdrawn key is rejected after that. */
const MAX_TTL_MS = 60 * 60_000;

/** Milliseconds for which keys are cached if the issuer sets no time. */
const DEFAULT_TTL_MS = 10 * 60_000;

/** Milliseconds for which cached keys are still used after that while the issuer cannot be reached. */
const MAX_STALE_MS = 6 * 60 * 60_000;

/** Minimum milliseconds between two fetches: forged key ids must not make the registry flood the issuer. */
const FETCH_PAUSE_MS = 30_000;

/** Minimum milliseconds between two fetches after a failure, if no keys are cached. */
const RETRY_PAUSE_MS = 5000;

interface Keys {
  find: ReturnType<typeof createLocalJWKSet>;
  /** Asked for again after it. */
  freshUntil: number;
  /** Not good after it. */
  goodUntil: number;
}

/** The public keys of an issuer of tokens: OpenID Connect Discovery 1.0 §4, RFC 7517 §5. */
export class JwksSource {
  readonly #options: Required<Omit<JwksSourceOptions, "jwksUri">>;
  readonly #jwksUri: URL | undefined;
  #keys: Keys | undefined;
  #visit: Promise<Keys> | undefined;
  #visitedAt = -Infinity;

  /**
   * Creates a source of this issuer's keys. Fetches nothing before the first request for a key.
   *
   * @throws {TypeError} for a URL that is not safe to fetch.
   */
  constructor(options: JwksSourceOptions) {
    const { jwksUri, ...rest } = options;
    this.#options = { timeout: 5000, now: Date.now, ...rest };
    documentUrl(options.issuer);
    this.#jwksUri = jwksUri === undefined ? undefined : documentUrl(jwksUri);
  }

  /**
   * Key that has signed a token with this header.
   *
   * @throws {RegistryError} 503 if the issuer cannot be reached and the key is not cached.
   * @throws {errors.JOSEError} if the issuer has no such key.
   */
  async get(header: JWTHeaderParameters): Promise<CryptoKey> {
    const keys = await this.#current();
    try {
      return await find(keys, header);
    } catch (error) {
      // An issuer begins to sign with another key without a word.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayVisit()) throw error;
    }
    const renewed = await this.#refresh().catch((error) => Promise.reject(unreachable(error)));
    return await find(renewed, header);
  }

  async #current(): Promise<Keys> {
    const now = this.#options.now();
    const usable = this.#keys !== undefined && now < this.#keys.goodUntil ? this.#keys : undefined;
    if (usable !== undefined && (now < usable.freshUntil || !this.#mayVisit())) return usable;
    if (usable === undefined && !this.#mayVisit(RETRY_PAUSE_MS)) throw unreachable();
    try {
      return await this.#refresh();
    } catch (error) {
      if (usable !== undefined) return usable;
      throw unreachable(error);
    }
  }

  #mayVisit(pause = FETCH_PAUSE_MS): boolean {
    // A clock that was set back must not keep it away.
    return this.#visit !== undefined || Math.abs(this.#options.now() - this.#visitedAt) >= pause;
  }

  /** Callers that wait for keys share one fetch. */
  #refresh(): Promise<Keys> {
    this.#visitedAt = this.#visit === undefined ? this.#options.now() : this.#visitedAt;
    return this.#visit ??= this.#fetch()
      .then((keys) => this.#keys = keys)
      .finally(() => this.#visit = undefined);
  }

  async #fetch(): Promise<Keys> {
    // The signal, unlike `withTimeout`, also ends the connection. Fetches are rare, so its timer may stay.
    const bounds = { limit: MAX_DOCUMENT_BYTES, signal: AbortSignal.timeout(this.#options.timeout) };
    const uri = this.#jwksUri ?? keysUri(
      await fetchJson(discoveryUrl(this.#options.issuer), bounds),
      this.#options.issuer,
    );
    const { value, maxAge = DEFAULT_TTL_MS } = await fetchJson(uri, bounds);
    const freshUntil = this.#options.now() + Math.min(Math.max(maxAge, MIN_TTL_MS), MAX_TTL_MS);
    return { find: createLocalJWKSet(publicKeys(value)), freshUntil, goodUntil: freshUntil + MAX_STALE_MS };
  }
}

/** By `alg` and `kid` alone: no key is taken from a token (CVE-2025-24976). */
async function find(keys: Keys, { alg, kid }: JWTHeaderParameters): Promise<CryptoKey> {
  return await keys.find(kid === undefined ? { alg } : { alg, kid });
}

/** OpenID Connect Discovery 1.0 §4: a slash at the end is no part of the path that is continued. */
function discoveryUrl(issuer: string): URL {
  return documentUrl(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
}

function keysUri({ value }: JsonDocument, issuer: string): URL {
  const { issuer: named, jwks_uri: uri } = Object(value) as { issuer?: unknown; jwks_uri?: unknown };
  // §4.3: with another name, the document and its keys belong to another issuer.
  if (named !== issuer) {
    throw new Error(`Cannot use the discovery document of "${issuer}": it names another issuer`);
  }
  const url = documentUrl(String(uri));
  // What is public must not point at this machine.
  if (url.protocol === "http:" && !issuer.startsWith("http:")) {
    throw new TypeError(`Cannot use "${url}": it is not HTTPS`);
  }
  return url;
}

/** Supported keys of a JWK set. A key of an unknown kind is skipped and does not affect the others. */
function publicKeys(value: unknown): { keys: JWK[] } {
  const { keys } = Object(value) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error("Cannot use the keys of an issuer: they are not a JWK set");
  return { keys: keys.filter((key) => ["RSA", "EC", "OKP"].includes(Object(key).kty)) };
}

function unreachable(cause?: unknown): Error {
  return unavailable("Cannot verify the token: its issuer does not answer", { seconds: 5, cause });
}
