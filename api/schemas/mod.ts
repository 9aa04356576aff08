/**
 * Answers of the API: a zod schema for each, and its type.
 *
 * @module
 */
export * from "./admin.ts";
export * from "./changes.ts";
export * from "./diffs.ts";
export * from "./manifests.ts";
export * from "./me.ts";
export * from "./parts.ts";
export * from "./referrers.ts";
export * from "./repositories.ts";
export * from "./search.ts";
export * from "./signatures.ts";
export * from "./tags.ts";
export * from "./webhooks.ts";
