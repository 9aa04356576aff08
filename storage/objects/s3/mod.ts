/**
 * Objects in a bucket of S3 or of a store that speaks its protocol. Imported only where it is configured: what it stands
 * on takes its time to load.
 *
 * @module
 */

export { makeClient } from "./client.ts";
export { MIN_PART_BYTES, type S3Options } from "./options.ts";
export { S3ObjectStore } from "./s3_object_store.ts";
export { type SignedRequest, type SignedUrl, Signer } from "./signer.ts";
