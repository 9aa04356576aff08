import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { NewItem } from "../../storage/ports.ts";
import { digestTag, repositoryTag } from "../cache_tags.ts";
import { type PurgeItem, purgeItem } from "../items/mod.ts";
import { skewOf } from "./clock_skew.ts";
import type { Context, Work } from "./context.ts";
import type { PurgeRules } from "./purge_rules.ts";

/** Answers that a change makes false, to be purged. */
export type StaleAnswers =
  /** Content that is deleted, by digest and by tag. */
  | { digest: Digest }
  /** Manifests that tags leave, by tag. */
  | { untagged: Digest[] }
  /** Everything of a repository that is deleted. */
  | { repository: RepositoryName };

/**
 * Items of the purge for a change of this work; none if no shared cache may store the answers. Another process makes the
 * purge once no write of this work can take effect any more, nor the change of the epoch after it. An earlier purge would
 * be useless: the cache would store the same answer again.
 */
export function purgeItems(work: Work, stale: StaleAnswers): NewItem[] {
  const { purges, until, deadline } = work;
  if (purges === undefined) return [];
  const tags = tagsOf(purges.rules, stale);
  if (tags.length === 0) return [];
  const due = until + deadline + skewOf(work) + purges.rules.delay;
  const item = purgeItem(tags, { at: work.now(), due });
  purges.left?.push(item);
  return [item];
}

function tagsOf({ digests, tags }: PurgeRules, stale: StaleAnswers): string[] {
  if ("untagged" in stale) return tags ? stale.untagged.map(digestTag) : [];
  if (!digests && !tags) return [];
  return ["digest" in stale ? digestTag(stale.digest) : repositoryTag(stale.repository)];
}

/** Puts purges that go with no candidate. */
export async function leavePurges({ table }: Work, purges: NewItem[]): Promise<void> {
  if (purges.length > 0) await table.putMany(purges);
}

/** A context for one change, or for several. `settle` is to be called once they have taken effect. */
export function beginPurges(context: Context): { context: Context; settle: () => void } {
  const { purges } = context;
  if (purges === undefined) return { context, settle() {} };
  const left: PurgeItem[] = [];
  return {
    context: { ...context, purges: { ...purges, left } },
    settle() {
      if (left.length > 0) purges.settled(left);
    },
  };
}

/** A context whose changes leave no purge, because one for all of them is left. */
export function withoutPurges({ purges: _, ...context }: Context): Context {
  return context;
}
