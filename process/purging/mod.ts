/**
 * Purges of the shared cache in front of the public hosts.
 *
 * @module
 */
export { openPurging } from "./open_purging.ts";
export type { Purging } from "./purging.ts";
