/**
 * Object store in a bucket of S3 or a compatible store. Loads no AWS SDK before a request needs it.
 *
 * @module
 */

export { BucketReader, type ListedName } from "./bucket_reader.ts";
export type { CloudFrontKey } from "./cloudfront_signer.ts";
export { MIN_PART_BYTES, type S3Options } from "./options.ts";
export { S3ObjectStore } from "./s3_object_store.ts";
export type { SignedRequest } from "../../aws/mod.ts";
export { Signer } from "./signer.ts";
