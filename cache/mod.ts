/**
 * Caches: their contents, bounds and time to live.
 *
 * @module
 */
export { cached, type CacheOptions } from "./cached.ts";
