/**
 * Manifests and tags: pushed, read, listed, deleted.
 *
 * @module
 */
export { deleteDangling, deleteManifest, takeManifest } from "./manifest_delete.ts";
export { afterPromptPushes } from "./prompt_push.ts";
export { putManifest } from "./manifest_push.ts";
export { announceManifestObject, getManifest, readManifest } from "./manifest_store.ts";
export { aheadReads } from "./read_ahead.ts";
export { targetsOf } from "./references.ts";
export { listIndexes } from "./indexes.ts";
export { listReferrers } from "./referrers.ts";
export { readEarlierMoves, readMoves } from "./tag_history.ts";
export { deleteTag, getTagHistory, listTags, resolveTag, resolveTagWithEpoch } from "./tags.ts";
