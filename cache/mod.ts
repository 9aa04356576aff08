/**
 * Caches: their contents, bounds and time to live.
 *
 * @module
 */
export { cached, type CacheOptions, createCache, type RegistryCache } from "./cached.ts";
