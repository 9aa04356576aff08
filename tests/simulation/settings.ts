import type { RetentionRule } from "../../registry/mod.ts";

/** How long a call to a store takes at the most, in milliseconds: a driver gives up by then. */
export const CALL_LIMIT = 120;

/** How old something must be before it may be collected, in milliseconds. */
export const GRACE = 4000;

/** How long a request may go on writing: with the last call that it makes it ends far below the grace time. */
export const DEADLINE = 600;

/** By how much the clocks of two processes differ at the most: an eighth of the grace time, as operators are told. */
export const SKEW = GRACE / 8;

/** How long uploads are kept. */
export const EXPIRY = 3 * GRACE;

/** How long they are kept where the operator has chosen the shortest time that the settings allow. */
export const SHORT_EXPIRY = Math.max(4 * DEADLINE, 4 * SKEW);

/** How long manifests without a tag are kept where a process removes such. */
export const UNTAGGED = 2 * GRACE;

/** The rule of such a process. */
export const RETENTION: RetentionRule[] = [{ repositories: ["**"], untaggedFor: UNTAGGED }];

/** The tag that some processes remove when it was not pulled for a while. */
export const PULLED_TAG = "a";

/** How long that tag is kept after its last pull or push. */
export const PULLED_WITHIN = 2 * GRACE;

/** The rule of a process that removes tags. */
export const TAG_RETENTION: RetentionRule[] = [{
  repositories: ["**"],
  untaggedFor: UNTAGGED,
  keepTags: [{ tags: [PULLED_TAG], pulledWithin: PULLED_WITHIN }, { tags: ["b"] }],
}];

if (DEADLINE + CALL_LIMIT + SKEW > GRACE / 2) {
  throw new RangeError("The grace time is too short for a request");
}
