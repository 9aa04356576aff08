/**
 * Garbage collection: of candidates, in full passes, and of whole repositories.
 *
 * @module
 */
export { collect, type CollectOptions, type CollectStep } from "./collect.ts";
export { type CandidateOptions, type CandidateReport, collectCandidates } from "./collect_candidates.ts";
export { type CollectionOptions, continueCollection } from "./collection.ts";
export { recountUsage } from "./recount_usage.ts";
export { deleteRepository } from "./repository_delete.ts";
