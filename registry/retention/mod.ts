/**
 * Retention: its rules, the times of pulls, and the decisions about tags and manifests.
 *
 * @module
 */
export { openPullTimes, PullTimes } from "./pull_times.ts";
export { retain, type RetainOptions, type Retirement } from "./retention.ts";
export type { RetentionRule } from "./retention_rules.ts";
