/**
 * Blobs: read, mounted, linked, deleted and collected.
 *
 * @module
 */
export { deleteBlob, findBlobs, getBlob, isMember, mountBlob, statBlob } from "./blobs.ts";
export {
  collectBlob,
  collectLink,
  isBlobOld,
  isLinked,
  isLinkOld,
  isReferenced,
  type Outcome,
  removeLink,
} from "./collect_blob.ts";
export {
  addBlob,
  type BlobLook,
  type Candidate,
  CollectedObjectError,
  type LinkedBlob,
  linkSeen,
  lookAtBlob,
  mayBeTorn,
} from "./link.ts";
