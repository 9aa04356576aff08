import type { PurgeItem } from "../items/mod.ts";

/** Answers that a shared cache may store, and so must be purged of. */
export interface PurgeRules {
  /** True if it may store content by its digest. */
  digests: boolean;
  /** True if it may store manifests by their tags. */
  tags: boolean;
  /** Milliseconds for which a process may answer a GET from memory after a delete. */
  delay: number;
}

/** Purges that changes leave. A change puts them before it takes effect, together with its candidates. */
export interface Purges {
  /** Answers that are purged. */
  readonly rules: PurgeRules;
  /** Called with the purges of a change that has taken effect: from then on they may be made. */
  readonly settled: (purges: PurgeItem[]) => void;
  /** Purges of the change that is under way, if it will be known to have taken effect. */
  readonly left?: PurgeItem[];
}
