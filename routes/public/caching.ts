import { digestTag, EVERYTHING_TAG, repositoryTag } from "../../registry/cache_tags.ts";
import type { Answer } from "../http/mod.ts";
import type { Route } from "../route.ts";

/** Dialect of the headers for a shared cache: `standard` is RFC 9111, the others are those of a CDN. */
export type CacheDialect = "standard" | "cloudflare" | "deno" | "fastly";

/** Rules for the shared cache in front of a public host. */
export interface CachingRules {
  /** Dialect of the headers. */
  cdn: CacheDialect;
  /** Maximum milliseconds of content by its digest. */
  digestTtl: number;
  /** Maximum milliseconds of a manifest by its tag: as late may a move of the tag be seen. */
  tagTtl: number;
}

/** Rules without any time. */
export const NO_CACHING: CachingRules = { cdn: "standard", digestTtl: 0, tagTtl: 0 };

/** Maximum milliseconds of `/v2/`: a host that is no longer public needs its challenge again. */
const BASE_TTL_MS = 300_000;

/** Answer with the headers that let a shared cache store it, or the same answer if none may. */
export type Caching = (route: Route, answer: Answer) => Answer;

/** Caching of answers that every client may read; docs/caching.md has the same rules as a table. */
export function createCaching({ cdn, digestTtl, tagTtl }: CachingRules): Caching {
  const headersFor = DIALECTS[cdn];

  function ttlOf(route: Route): number {
    switch (route.kind) {
      case "base":
        return Math.min(digestTtl, BASE_TTL_MS);
      case "getBlob":
        return digestTtl;
      case "getManifest":
        return "digest" in route.reference ? digestTtl : tagTtl;
      default:
        return 0; // lists change at any time, and their queries would fill the cache
    }
  }

  return function withCaching(route, answer) {
    // A part of a blob is left out: some caches would send it as the whole.
    const isWhole = answer.status === 200 || answer.status === 304;
    const seconds = Math.floor(ttlOf(route) / 1000);
    if (!isWhole || seconds === 0) return answer;
    const { isRepeated: _, ...once } = answer;
    return { ...once, headers: { ...answer.headers, ...headersFor(seconds, cacheTagsOf(route, answer)) } };
  };
}

/** Headers of an answer that a shared cache may store for some seconds, and the cache tags that purge it. */
type Dialect = (seconds: number, tags: string[]) => Record<string, string>;

/**
 * A cache that cannot be purged must not store an answer. So the time is only in the field that the CDN reads and removes
 * (RFC 9213), if it has one, and `Cache-Control` forbids storing to all others.
 */
const DIALECTS: Record<CacheDialect, Dialect> = {
  // The last directive: CloudFront sends stale content while it cannot reach the registry.
  standard: (seconds, tags) => ({
    "Cache-Control": `public, max-age=0, s-maxage=${seconds}, stale-if-error=0, no-transform`,
    "Cache-Tag": tags.join(","),
  }),
  cloudflare: (seconds, tags) => ({
    "Cloudflare-CDN-Cache-Control": `public, s-maxage=${seconds}`,
    "Cache-Tag": tags.join(","),
  }),
  deno: (seconds, tags) => ({
    "Deno-CDN-Cache-Control": `public, s-maxage=${seconds}`,
    "Deno-Cache-Tag": tags.join(","),
  }),
  // Fastly passes by whatever is `private` in `Cache-Control`.
  fastly: (seconds, tags) => ({
    "Surrogate-Control": `max-age=${seconds}`,
    "Cache-Control": "max-age=0, no-transform",
    "Surrogate-Key": tags.join(" "),
  }),
};

/** Cache tags of an answer: its repository, its digest, and the one of every answer. */
function cacheTagsOf(route: Route, { headers }: Answer): string[] {
  const digest = headers["Docker-Content-Digest"];
  return [
    ...("repository" in route && route.repository !== undefined ? [repositoryTag(route.repository)] : []),
    ...(digest === undefined ? [] : [digestTag(digest)]),
    EVERYTHING_TAG,
  ];
}
