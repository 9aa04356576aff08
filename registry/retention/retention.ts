import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { queryPages } from "../../storage/ports.ts";
import {
  beginEvents,
  beginPurges,
  beginWork,
  changeEpoch,
  type Context,
  intentItems,
  intentsIn,
  leaveCandidates,
  noteMade,
  purgeItems,
} from "../protocol/mod.ts";
import {
  MANIFEST_PREFIX,
  type ManifestAttributes,
  partsOf,
  repositoryPartition,
  type Stored,
  TAG_PREFIX,
  type TagAttributes,
  tagOf,
} from "../items/mod.ts";
import { ManifestRetention } from "./manifest_retention.ts";
import { allRepositories } from "../repositories/mod.ts";
import { type CompiledRule, compileRules, type RetentionRule, ruleFor } from "./retention_rules.ts";
import { TagJudge } from "./tag_judge.ts";
import { formatAge, formatSpan } from "../time_span.ts";

/** Tag or manifest that a rule removes. */
export interface Retirement {
  /** Kind of the removed thing. */
  kind: "tag" | "manifest";
  /** Repository that it belongs to. */
  repository: RepositoryName;
  /** The tag or the digest. */
  name: string;
  /** Digest of the manifest, or the target of the tag. */
  digest: Digest;
  /** Rule and reason. */
  reason: string;
  /**
   * True if it still exists: always in a dry run; otherwise for a condemned manifest until the grace period has passed.
   */
  pending: boolean;
}

/** Options of {@linkcode retain}. */
export interface RetainOptions {
  /** Writes nothing. Returns what a real run would delete if nothing else changed. */
  dryRun?: boolean;
  /** A glob pattern; only repositories that match. */
  repository?: string;
}

/** Items of one step. A manifest's item may have 256 KiB. */
const STEP_TAGS = 100;
const STEP_MANIFESTS = 25;

/**
 * Removes the tags and manifests that no rule keeps, repository by repository. Any number of processes may do this
 * concurrently.
 */
export async function* retain(
  context: Context,
  rules: RetentionRule[],
  { dryRun = false, repository: pattern = "**" }: RetainOptions = {},
): AsyncGenerator<Retirement> {
  const compiled = await compileRules(rules);
  const isWanted = (await import("../../oci/glob.ts")).globMatcher([pattern]);
  for await (const repository of allRepositories(context)) {
    const rule = isWanted(repository) ? ruleFor(compiled, repository) : undefined;
    if (rule === undefined) continue;
    const purges = beginPurges(context);
    const events = beginEvents(purges.context);
    yield* retainRepository(events.context, repository, rule, dryRun);
    purges.settle();
    events.settle();
  }
}

/**
 * Removes the tags and manifests of a repository that the rule does not keep, a page at a time. A process can crash at
 * any moment: the next run starts again.
 */
async function* retainRepository(
  context: Context,
  repository: RepositoryName,
  rule: CompiledRule,
  dryRun: boolean,
): AsyncGenerator<Retirement> {
  const { keepTags = [], untaggedFor } = rule;
  const at = context.now();
  const judge = new TagJudge(context, repository, rule, keepTags.map(() => []), at);
  const pages = (prefix: string, limit: number) =>
    queryPages(context.table, repositoryPartition(repository), { prefix, limit, consistent: true });
  if (keepTags.some(({ newest }) => newest !== undefined)) {
    for await (const tags of pages(TAG_PREFIX, STEP_TAGS)) judge.count(tags as Stored<TagAttributes>[]);
  }
  if (rule.keepTags !== undefined) {
    for await (const tags of pages(TAG_PREFIX, STEP_TAGS)) {
      yield* await retainTags(context, repository, judge, tags as Stored<TagAttributes>[], dryRun);
    }
  }
  if (untaggedFor === undefined) return;
  for await (const manifests of pages(MANIFEST_PREFIX, STEP_MANIFESTS)) {
    const options = { rule, judge, at, dryRun };
    yield* await retainManifests(context, repository, options, manifests as Stored<ManifestAttributes>[]);
  }
}

async function retainTags(
  context: Context,
  repository: RepositoryName,
  judge: TagJudge,
  tags: Stored<TagAttributes>[],
  dryRun: boolean,
): Promise<Retirement[]> {
  const reasons = await judge.judge(tags);
  // One deadline for the page: the purge waits until all of its deletes have taken effect.
  const work = beginWork(context);
  const intents = dryRun ? undefined : await intentsIn(work, repository, undefined);
  const leavings = tags.map((tag, i) =>
    reasons[i] === undefined ? undefined : intents?.tagDelete(tagOf(tag), tag)
  );
  if (!dryRun) {
    const leaving = new Set(
      tags.filter((_, i) => reasons[i] !== undefined).map((tag) => tag.attributes.digest),
    );
    const candidates = [...leaving].map((digest) => ({ kind: "tags" as const, repository, digest }));
    const purges = purgeItems(work, { untagged: [...leaving] });
    await leaveCandidates(work, candidates, [...purges, ...intentItems(...leavings)]);
  }
  const retirements: Retirement[] = [];
  for (const [i, tag] of tags.entries()) {
    const reason = reasons[i];
    if (reason === undefined) continue;
    const { pk, sk, version, attributes } = tag;
    // A tag that was pushed meanwhile has another version, and stays.
    if (!dryRun && !await work.table.delete({ pk, sk }, { ifVersion: version })) continue;
    noteMade(leavings[i]);
    const { digest } = attributes;
    retirements.push({ kind: "tag", repository, name: tagOf(tag), digest, reason, pending: dryRun });
  }
  return retirements;
}

async function retainManifests(
  context: Context,
  repository: RepositoryName,
  { rule, judge, at, dryRun }: { rule: CompiledRule; judge: TagJudge; at: number; dryRun: boolean },
  items: Stored<ManifestAttributes>[],
): Promise<Retirement[]> {
  const retirements: Retirement[] = [];
  const untaggedFor = rule.untaggedFor!;
  const retire = (name: Digest, { attributes }: Stored<ManifestAttributes>, pending: boolean) => {
    const age = formatAge(at - attributes.pushedAt);
    const reason = `Rule ${rule.number}: untagged, pushed ${age} ago (kept ${formatSpan(untaggedFor)})`;
    retirements.push({ kind: "manifest", repository, name, digest: name, reason, pending });
  };
  const removed = (digest: Digest, item: Stored<ManifestAttributes>) => retire(digest, item, false);
  const manifests = new ManifestRetention(context, repository, { untaggedFor, at, judge, dryRun, removed });
  try {
    for (const item of items) {
      const { digest } = partsOf("manifest", item);
      if (await manifests.decide(digest, item) === "goes") retire(digest, item, true);
    }
  } finally {
    // Also if a later one fails: the next call does not find the removed ones any more.
    if (retirements.some(({ pending }) => !pending)) await changeEpoch(beginWork(context), repository);
  }
  return retirements;
}
