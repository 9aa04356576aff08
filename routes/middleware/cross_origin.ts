import { cors } from "hono/cors";
import { splitUrl } from "../http/mod.ts";
import type { Middleware } from "./env.ts";

/** Seconds for which a browser remembers the answer to a preflight request. */
const MAX_AGE_SECONDS = 600;

/** Paths of the API: the only ones that a page of another origin may read. */
const API_PATH = /^\/v2\/(?:.+\/)?_skerry\//;

/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) for the paths of the API. Credentials that a browser has
 * stored are never allowed: a page sends its own in `Authorization`.
 */
export function crossOrigin(origins: readonly string[]): Middleware {
  const handle = cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowMethods: ["GET", "HEAD", "PUT", "DELETE"],
    allowHeaders: ["Authorization", "If-Match", "If-None-Match"],
    exposeHeaders: ["Retry-After", "X-Request-Id"],
    maxAge: MAX_AGE_SECONDS,
  });
  return async function crossOrigin(c, next) {
    const { method, url, headers } = c.req.raw;
    const isPreflight = method === "OPTIONS" && headers.has("Access-Control-Request-Method");
    const isCrossing = headers.has("Origin") && (isPreflight || method !== "OPTIONS");
    if (!isCrossing || !API_PATH.test(splitUrl(url).path)) return await next();
    const preflight = await handle(c, async () => {
      c.res = await next();
    });
    return preflight ?? c.res;
  };
}
