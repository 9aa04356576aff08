/**
 * Purges at shared caches and CDNs, by cache tags.
 *
 * @module
 */
export { openTarget, type PurgeOptions, type TargetMeans } from "./open_target.ts";
export { PurgeError } from "./purge_error.ts";
