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
  edgeKey,
  EXPIRY_SHARDS,
  GARBAGE_PREFIX,
  historyOf,
  identify,
  INDEX_FORMS,
  ITEM_FORMS,
  type ItemKey,
  LINK_PREFIX,
  linkItem,
  linkKey,
  type ManifestAttributes,
  manifestKey,
  moveKey,
  partsOf,
  prefixOf,
  purgeItem,
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
  uploadItem,
  uploadKey,
  usageKey,
} from "./items/mod.ts";
export { MAX_INLINE_BYTES } from "./manifests/manifest_store.ts";
export { readEarlierMoves } from "./manifests/tag_history.ts";
export { edgeItems } from "./manifests/references.ts";
export { referrerItem } from "./manifests/referrers.ts";
export { candidateItems } from "./protocol/candidates.ts";
export { readObject } from "./streams/read_object.ts";
