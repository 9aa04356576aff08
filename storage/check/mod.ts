/**
 * Checks that a bucket and a table can do everything that the registry requires. Loaded only by the callers that run
 * them.
 *
 * @module
 */

export { checkBucket } from "./check_bucket.ts";
export { checkReplicaBucket, checkReplicaTable } from "./check_replica.ts";
export { checkTable } from "./check_table.ts";
export { type Finding, reasonOf, suffices } from "./probe.ts";
