import type { PurgeRules } from "../registry/mod.ts";
import type { Config } from "./configuration.ts";

/**
 * Milliseconds in which a change usually reaches the replicas of a table. A shared cache that is purged sooner would
 * store the earlier answer of a replica again.
 */
const USUAL_LAG_MS = 5_000;

/** Purges that changes leave, by the configuration; for every process and command that makes changes. */
export function purgeRules({ public: face, cacheAge, tableReads }: Config): { purges?: PurgeRules } {
  if (face?.purge === undefined) return {};
  const delay = cacheAge + (tableReads === "near" ? USUAL_LAG_MS : 0);
  return { purges: { digests: face.digestTtl > 0, tags: face.tagTtl > 0, delay } };
}
