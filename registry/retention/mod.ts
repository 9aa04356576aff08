/**
 * Retention: rules, the times of pulls, what they keep and what they delete.
 *
 * @module
 */
export { openPullTimes, PullTimes, type PullTimesOptions } from "./pull_times.ts";
export { retain, type RetainOptions, type Retirement } from "./retention.ts";
export type { KeepTags, RetentionRule } from "./retention_rules.ts";
