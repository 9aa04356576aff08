/**
 * A shared cache in front of an app, with a library for RFC 9111 that decides what it may store and send.
 *
 * @module
 */
// @ts-types="npm:@types/http-cache-semantics@4.2.0"
import CachePolicy from "npm:http-cache-semantics@4.3.0";
import type { CacheDialect } from "../../routes/mod.ts";

/** Field that the CDN of a dialect reads instead of `Cache-Control` (RFC 9213 §2). */
const TARGETED_FIELDS: Record<CacheDialect, string | undefined> = {
  standard: undefined,
  cloudflare: "cloudflare-cdn-cache-control",
  deno: "deno-cdn-cache-control",
  fastly: "surrogate-control",
};

/** Options of {@linkcode keptSeconds}. */
export interface CacheKind {
  /** The CDN that the cache is; one of no CDN by default. */
  cdn?: CacheDialect;
  /** False for the cache of a client; true by default. */
  shared?: boolean;
}

/** Seconds for which a cache may send this response to other requests without asking again; 0 if it may not store it. */
export function keptSeconds(request: Request, response: Response, kind: CacheKind = {}): number {
  const policy = policyOf(request, response, kind);
  return policy.storable() ? Math.round(policy.timeToLive() / 1000) : 0;
}

/** True if a cache may store the response, even if it has to ask each time before it sends it. */
export function isStorable(request: Request, response: Response, kind: CacheKind = {}): boolean {
  return policyOf(request, response, kind).storable();
}

/** Times of caches, in milliseconds since the epoch. */
let now = Date.now();

class ClockedPolicy extends CachePolicy {
  /** Overrides the method that the library reads its time from, which its types do not declare. */
  now(): number {
    return now;
  }
}

function policyOf(request: Request, response: Response, { cdn = "standard", shared = true }: CacheKind) {
  const headers = Object.fromEntries(response.headers);
  const field = TARGETED_FIELDS[cdn];
  if (field !== undefined && headers[field] !== undefined) headers["cache-control"] = headers[field];
  const asked = Object.fromEntries(request.headers);
  if (cdn === "fastly") delete asked["authorization"]; // Fastly stores without a look at it
  return new ClockedPolicy(
    { method: request.method, url: request.url, headers: asked },
    { status: response.status, headers },
    { shared },
  );
}

/** A response of a {@linkcode SharedCache}. */
export interface CacheAnswer {
  status: number;
  body: string;
  /** True if the cache has answered without asking the app. */
  isHit: boolean;
}

/** A shared cache. Its key is the URL, so `Authorization` makes no difference. */
export class SharedCache {
  readonly #origin: (request: Request) => Promise<Response>;
  readonly #cdn: CacheDialect;
  readonly #stored = new Map<string, { policy: CachePolicy; status: number; body: string }>();

  /** An empty cache. */
  constructor(origin: (request: Request) => Promise<Response>, cdn: CacheDialect) {
    this.#origin = origin;
    this.#cdn = cdn;
  }

  /** Answers from memory if it may, and otherwise asks the app. */
  async ask(url: string, headers: Record<string, string> = {}): Promise<CacheAnswer> {
    const request = new Request(url, { headers });
    const stored = this.#stored.get(url);
    const asked = { method: "GET", url, headers };
    if (stored?.policy.satisfiesWithoutRevalidation(asked)) {
      return { status: stored.status, body: stored.body, isHit: true };
    }
    this.#stored.delete(url);
    const response = await this.#origin(request);
    const policy = policyOf(request, response, { cdn: this.#cdn });
    const { status } = response;
    const body = await response.text();
    if (policy.storable() && policy.timeToLive() > 0) this.#stored.set(url, { policy, status, body });
    return { status, body, isHit: false };
  }

  /** Lets this many seconds pass, for all caches. */
  wait(seconds: number): void {
    now += seconds * 1000;
  }
}
