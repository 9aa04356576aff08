/**
 * Scrub: verifies all stored content, and finds damaged, missing and orphaned content.
 *
 * @module
 */
export type { ScrubOptions, ScrubReport } from "./finding.ts";
export { scrub } from "./scrub.ts";
