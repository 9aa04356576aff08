/**
 * Protocols of push, pull, delete and garbage collection (ARCHITECTURE.md), over the two ports of `storage/`. Knows no
 * HTTP.
 *
 * @module
 */
export * from "./caller.ts";
export * from "./change.ts";
export type { CollectOptions, CollectStep } from "./collection/collect.ts";
export type { CandidateOptions, CandidateReport } from "./collection/collect_candidates.ts";
export type { CollectionOptions, PassProgress } from "./collection/collection.ts";
export * from "./create_registry.ts";
export type { EventOutbox, Notice } from "./events/outbox.ts";
export type { QueueOptions, QueueReport } from "./events/queue.ts";
export type { EventReceiver, Refusal } from "./events/receiver.ts";
export type { RelayReport } from "./events/relay.ts";
export type { DeadLetter, DeadLetterPage, PendingEvent } from "./events/waiting.ts";
export type {
  BlobShare,
  BoundedCount,
  Explorer,
  LeaseFacts,
  ManifestFacts,
  ReferrerFacts,
  RepositoryFacts,
  Slice,
  Some,
  TagFacts,
  UploadFacts,
} from "./explore/mod.ts";
export * from "./filters/switches.ts";
export type { ImmutableRule } from "./limits/immutable_tags.ts";
export type { UploadLimits } from "./limits/open_uploads.ts";
export type { QuotaRule } from "./limits/quotas.ts";
export type { LostContent } from "./lost_content.ts";
export type { AheadReads, NextReads } from "./protocol/ahead_reads.ts";
export {
  EVENT_TYPES,
  type EventFilter,
  eventFilter,
  type EventRule,
  type EventType,
} from "./protocol/event_rules.ts";
export type { EventMessage } from "./items/event.ts";
export type { ObjectReads } from "./protocol/context.ts";
export type { Epochs } from "./protocol/epoch.ts";
export * from "./registry.ts";
export type { RegistryRules } from "./registry_rules.ts";
export type { PurgeRules } from "./protocol/purge_rules.ts";
export type { DueOptions, Outbox, PurgeReport, PurgeTarget, SettledOptions } from "./purges/outbox.ts";
export type { Removal } from "./removal.ts";
export type { PullTimes } from "./retention/pull_times.ts";
export type { RetainOptions, Retirement } from "./retention/retention.ts";
export type { KeepTags, RetentionRule } from "./retention/retention_rules.ts";
export type { Finding, FindingKind, ScrubOptions, ScrubReport } from "./scrub/finding.ts";
export { formatAge, formatSpan } from "./time_span.ts";
export * from "./uploads/offset_mismatch.ts";
export type { SweepReport } from "./uploads/sweep.ts";
export { throwFailures } from "./background/work_off.ts";
