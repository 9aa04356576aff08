/**
 * What a bucket and a table must be able to do, tried out. Imported only where it is asked for.
 *
 * @module
 */

export { checkBucket, enforcesContent } from "./check_bucket.ts";
export { checkTable } from "./check_table.ts";
export { type Finding, reasonOf, suffices } from "./probe.ts";
export { provenContent, type ProvenContentOptions } from "./proven_content.ts";
