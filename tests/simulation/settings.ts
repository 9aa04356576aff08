import type { RetentionRule } from "../../registry/mod.ts";

/** Maximum duration of a call to a store, in milliseconds: a driver gives up by then. */
export const CALL_LIMIT_MS = 120;

/** Grace period of garbage collection, in milliseconds. */
export const GRACE_MS = 4000;

/** Milliseconds for which a request may start writes: even with its last call it ends well within the grace period. */
export const DEADLINE_MS = 600;

/** Milliseconds from the manifest to its tags within which a push needs no look for a delete: a few calls. */
export const PROMPT_PUSH_MS = 40;

/** Time that a delete of a recent manifest waits: little more, or mistakes in the measurement would be hidden. */
export const DELETE_DELAY_MS = 50;

/** Maximum difference between the clocks of two processes: an eighth of the grace period, as documented for operators. */
export const SKEW_MS = GRACE_MS / 8;

/** Time until an idle upload expires, in milliseconds. */
export const EXPIRY_MS = 3 * GRACE_MS;

/** The shortest expiry of uploads that the settings permit, in milliseconds. */
export const SHORT_EXPIRY_MS = Math.max(4 * DEADLINE_MS, 4 * SKEW_MS);

/** Milliseconds for which {@linkcode RETENTION} keeps manifests without a tag. */
export const UNTAGGED_MS = 2 * GRACE_MS;

/** Retention rule that deletes manifests without a tag. */
export const RETENTION: RetentionRule[] = [{ repositories: ["**"], untaggedFor: UNTAGGED_MS }];

/** The tag that {@linkcode TAG_RETENTION} deletes if it was not pulled recently. */
export const PULLED_TAG = "a";

/** Milliseconds for which {@linkcode TAG_RETENTION} keeps that tag after its last pull or push. */
export const PULLED_WITHIN_MS = 2 * GRACE_MS;

/** Milliseconds after which no earlier pull keeps a tag: pulls are recorded once an hour. */
export const LONG_UNPULLED_MS = PULLED_WITHIN_MS + 70 * 60_000;

/** Retention rule that deletes tags too. */
export const TAG_RETENTION: RetentionRule[] = [{
  repositories: ["**"],
  untaggedFor: UNTAGGED_MS,
  keepTags: [{ tags: [PULLED_TAG], pulledWithin: PULLED_WITHIN_MS }, { tags: ["b"] }],
}];

if (DEADLINE_MS + CALL_LIMIT_MS + SKEW_MS > GRACE_MS / 2) {
  throw new RangeError("The grace period is too short for a request");
}

/** Options of every registry that is simulated. */
export const TIMES = {
  grace: GRACE_MS,
  deadline: DEADLINE_MS,
  promptPush: PROMPT_PUSH_MS,
  deleteDelay: DELETE_DELAY_MS,
};
