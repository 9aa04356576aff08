/**
 * What a push, a pull, a delete and a sweep mean: the protocols of ARCHITECTURE.md, over the two ports of `storage/`.
 * Knows no HTTP.
 *
 * @module
 */
export * from "./caller.ts";
export * from "./change.ts";
export type { ImmutableRule } from "./immutable_tags.ts";
export type { CandidateOptions, CandidateReport } from "./collect_candidates.ts";
export type { CollectOptions, CollectStep } from "./collect.ts";
export type { LostBlob } from "./heal.ts";
export type { Removal } from "./removal.ts";
export type { CollectionOptions, PassProgress } from "./collection.ts";
export type { Epochs } from "./epoch.ts";
export * from "./offset_mismatch.ts";
export type { UploadLimits } from "./open_uploads.ts";
export { type PullTimes } from "./pull_times.ts";
export type { QuotaRule } from "./quotas.ts";
export * from "./registry.ts";
export type { Finding, FindingKind, ScrubOptions, ScrubReport } from "./scrub/finding.ts";
export type { RetainOptions, Retirement } from "./retention.ts";
export type { KeepTags, RetentionRule } from "./retention_rules.ts";
export * from "./stored_registry.ts";
export type { SweepReport } from "./sweep.ts";
export * from "./switches.ts";
export { formatAge, formatSpan } from "./time_span.ts";
export { throwFailures } from "./work_off.ts";
