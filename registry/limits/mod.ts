/**
 * Limits: quotas, open uploads, immutable tags.
 *
 * @module
 */
export { type ImmutableRule, immutableTag, ImmutableTags, type IsImmutable } from "./immutable_tags.ts";
export { OpenUploads, type UploadLimits } from "./open_uploads.ts";
export { countingBlob, holdBlob, holdingRoom, holdManifest, type QuotaRule, Quotas } from "./quotas.ts";
export { addUsage, forgetUsage } from "./usage.ts";
