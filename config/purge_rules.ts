import type { PurgeRules } from "../registry/mod.ts";
import type { Config } from "./configuration.ts";

/** Purges that changes leave, by the configuration; for every process and command that makes changes. */
export function purgeRules({ public: face, cacheAge }: Config): { purges?: PurgeRules } {
  if (face?.purge === undefined) return {};
  return { purges: { digests: face.digestTtl > 0, tags: face.tagTtl > 0, delay: cacheAge } };
}
