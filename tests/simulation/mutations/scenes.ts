/**
 * States of the stores before a mistake shows.
 *
 * @module
 */
import { deletes, pushes, pushesImage } from "../actors.ts";
import { GRACE_MS } from "../settings.ts";
import { BLOBS, FIRST, REPOSITORIES } from "../world.ts";
import { edit } from "./mutation.ts";

export { FAILED_STORES, LATE_REPEATS } from "../scenarios.ts";

/** Two repositories. */
export const [ONE, TWO] = REPOSITORIES;

/** Blobs of less than a part, and one of several. */
export const [CONFIG, LAYER, LARGE] = BLOBS;

/** So much later that what is there may be collected. */
export const OLD_MS = GRACE_MS + 600;

/** A blob that one repository has and no manifest references, old enough to go. */
export const oldBlob = { given: [pushes(CONFIG, ONE, "whole")], later: OLD_MS };

/** The same, for both blobs of an image. */
export const oldBlobs = { given: [pushes(CONFIG, ONE, "whole"), pushes(LAYER, ONE, "whole")], later: OLD_MS };

/** An image that has just been pushed. */
export const image = { given: [pushesImage(FIRST, ONE, { tags: ["a"] })], later: 0 };

/** The same, long ago. */
export const oldImage = { ...image, later: OLD_MS };

/** Edges and marks of a manifest that is gone. */
export const oldEdges = {
  given: [pushesImage(FIRST, ONE, { tags: ["a"] }), deletes(FIRST, ONE)],
  later: OLD_MS,
};

/**
 * Pauses that let another request come between a collector's look at the links of a blob and its deletion, and
 * between the link of a mount and its look at the blob. Alone they are no mistake.
 */
export const SLOW_MOUNT = [
  edit(
    "registry/blobs/link.ts",
    "    await putLink(work, repository, digest, beside);\n    // No collector",
    "    await work.sleep(150);\n    await putLink(work, repository, digest, beside);\n    await work.sleep(150);\n    // No collector",
  ),
  edit(
    "registry/blobs/collect_blob.ts",
    "    // From here on the blob cannot be revived",
    "    await work.sleep(150);\n    // From here on the blob cannot be revived",
  ),
];
