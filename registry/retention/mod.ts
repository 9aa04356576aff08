/**
 * Retention: its rules, the times of pulls, and the decisions about tags and manifests.
 *
 * @module
 */
export { openPullTimes, PullTimes, type PullTimesOptions } from "./pull_times.ts";
export { retain, type RetainOptions, type Retirement } from "./retention.ts";
export type { KeepTags, RetentionRule } from "./retention_rules.ts";
