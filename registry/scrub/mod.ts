/**
 * Reading everything again: what is damaged, what is missing, and what belongs to nothing.
 *
 * @module
 */
export type { Finding, FindingKind, ScrubOptions, ScrubReport } from "./finding.ts";
export { scrub } from "./scrub.ts";
