/**
 * Object store in a bucket of S3 or a compatible store. Loaded only if configured, because the SDK takes time to load.
 *
 * @module
 */

export { makeClient } from "./client.ts";
export { MIN_PART_BYTES, type S3Options } from "./options.ts";
export { S3ObjectStore } from "./s3_object_store.ts";
export { type SignedRequest, Signer } from "./signer.ts";
