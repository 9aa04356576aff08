/**
 * Items: their keys, attributes and identifiers.
 *
 * @module
 */
export * from "./blob.ts";
export { type Etags, packEtags, unpackEtags } from "./etags.ts";
export { COLLECTION, GARBAGE_PREFIX, GARBAGE_SHARDS, leaseKey } from "./garbage.ts";
export {
  identify,
  INDEX_FORMS,
  ITEM_FORMS,
  type ItemKey,
  type ItemKeyOf,
  type ItemKind,
  keyOf,
  partsOf,
} from "./identify.ts";
export * from "./manifest.ts";
export { newObjectKey, objectPrefix, prefixOf } from "./object_key.ts";
export { randomId } from "./random_id.ts";
export * from "./event.ts";
export { PURGE_SHARDS, type PurgeAttributes, type PurgeItem, purgeItem } from "./purge.ts";
export * from "./repository.ts";
export { SEGMENT_CUTS } from "./segment_cuts.ts";
export { type Stored, stored } from "./stored.ts";
export * from "./tag.ts";
export * from "./upload.ts";
