/**
 * What may be remembered, where and for how long.
 *
 * @module
 */
export { cached, type CacheOptions } from "./cached.ts";
export { Facts } from "./facts.ts";
