/**
 * Items and objects as they are stored, for backups and for tests.
 *
 * @module
 */
export {
  type BlobAttributes,
  blobKey,
  blobPartition,
  COLLECTION,
  type EdgeAttributes,
  edgeKey,
  type Etags,
  EXPIRY_SHARDS,
  GARBAGE_PREFIX,
  identify,
  ITEM_FORMS,
  type ItemKey,
  LINK_PREFIX,
  linkItem,
  linkKey,
  type ManifestAttributes,
  manifestKey,
  partsOf,
  type Piece,
  type PrefixHash,
  prefixOf,
  randomId,
  REPOSITORIES,
  repositoryKey,
  repositoryPartition,
  type Stored,
  stored,
  TAG_PREFIX,
  type TagAttributes,
  taggedKey,
  tagKey,
  type UploadAttributes,
  type UploadContent,
  uploadKey,
  usageKey,
} from "./items/mod.ts";
export { MAX_INLINE_BYTES } from "./manifests/manifest_store.ts";
export { edgeItems } from "./manifests/references.ts";
export { referrerItem } from "./manifests/referrers.ts";
export { candidateItems, type GarbageCandidate } from "./protocol/candidates.ts";
export type { Context } from "./protocol/context.ts";
export type { TagMove } from "./registry.ts";
export { type ObjectContent, type ObjectSource, readObject } from "./streams/read_object.ts";
