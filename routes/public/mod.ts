/**
 * The public face of the registry: anonymous pulls under host names of their own. Loaded by the first request of a
 * registry that has one.
 *
 * @module
 */
export type { CacheDialect, CachingRules } from "./caching.ts";
export type { DeferredRights, PublicFaceOptions, PublicRights } from "./options.ts";
export { publicFace } from "./face.ts";
