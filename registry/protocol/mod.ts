/**
 * Parts that all protocols share: the context, the fence, epochs, candidates, healing.
 *
 * @module
 */
export { RETRY } from "../../storage/ports.ts";
export { AbsentBlobs } from "./absent_blobs.ts";
export { RecentUploads } from "./recent_uploads.ts";
export { bestEffort } from "./best_effort.ts";
export {
  candidateItems,
  candidateOf,
  candidateTime,
  type GarbageCandidate,
  isDue,
  leaveCandidates,
} from "./candidates.ts";
export type { AheadReads, NextReads } from "./ahead_reads.ts";
export { skewOf } from "./clock_skew.ts";
export {
  beginWork,
  type Context,
  isOld,
  mayBeUnderWay,
  type ObjectReads,
  retryOnConflict,
  type Work,
} from "./context.ts";
export { beginPurges, leavePurges, purgeItems, withoutPurges } from "./purges.ts";
export type { PurgeRules, Purges } from "./purge_rules.ts";
export type { Events, Intent } from "./event_intents.ts";
export {
  beginEvents,
  intentItems,
  intentOf,
  intentsIn,
  isOver,
  leaveIntents,
  lifeOf,
  noteMade,
  planMove,
  type PlannedMove,
  pushesOf,
  type RepositoryIntents,
} from "./events.ts";
export {
  EVENT_TYPES,
  type EventFilter,
  eventFilter,
  type EventRule,
  EventRules,
  type EventType,
} from "./event_rules.ts";
export { SettledEvents } from "./settled_events.ts";
export { changeEpoch, changeEpochsOf, epochOf, type Epochs, epochsOf } from "./epoch.ts";
export { healBlob, healManifest, isLost, safeAge } from "./heal.ts";
export { SettledPurges } from "./settled_purges.ts";
export { assertUnneeded } from "./tag_protection.ts";
export { together } from "./together.ts";
export { Turns } from "./turns.ts";
