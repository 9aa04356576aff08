import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { beginWork, changeEpoch, type Context, leaveCandidates } from "../protocol/mod.ts";
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
import type { Pushed } from "./newest.ts";
import { listRepositories } from "../repositories/mod.ts";
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

/** Progress of the retention of a repository. JSON, so that another process can continue. */
export interface RetentionCursor {
  /** Current step: count the tags that were pushed last; remove tags; remove manifests. */
  step: "count" | "tags" | "manifests";
  /** Continues after this sort key. */
  after?: string;
  /** Time of the decisions, in milliseconds since the epoch. */
  at: number;
  /** For each of the rule's `keepTags`, the tags that were pushed last among those counted so far. */
  newest: Pushed[][];
}

/** Result of a call of {@linkcode retainRepository}. */
export interface RetentionStep {
  retirements: Retirement[];
  /** Cursor of the next call; absent when the repository is done. */
  next?: RetentionCursor;
}

/** Options of {@linkcode retain}. */
export interface RetainOptions {
  /** Writes nothing, and answers what would go if nothing else changed. */
  dryRun?: boolean;
  /** A glob pattern; only repositories that match. */
  repository?: string;
}

/** Items of one step. A manifest's item may have 256 KiB. */
const TAGS = 100;
const MANIFESTS = 25;

const FOLLOWING = { count: "tags", tags: "manifests", manifests: undefined } as const;

/** Removes what no rule keeps, repository by repository. Any number of processes may do this at once, beside all else. */
export async function* retain(
  context: Context,
  rules: RetentionRule[],
  { dryRun = false, repository: pattern = "**" }: RetainOptions = {},
): AsyncGenerator<Retirement> {
  const compiled = await compileRules(rules);
  const isWanted = (await import("../../oci/glob.ts")).globMatcher([pattern]);
  let after: string | undefined;
  do {
    const page = await listRepositories(context, after === undefined ? {} : { after }, UNRESTRICTED_CALLER);
    for (const repository of page.items.filter(isWanted)) {
      const rule = ruleFor(compiled, repository);
      let cursor = rule && beginRetention(context, rule);
      while (rule !== undefined && cursor !== undefined) {
        const { retirements, next } = await retainRepository(context, repository, rule, cursor, dryRun);
        yield* retirements;
        cursor = next;
      }
    }
    after = page.next;
  } while (after !== undefined);
}

/** The cursor that {@linkcode retainRepository} begins with. */
export function beginRetention(context: Context, { keepTags = [] }: CompiledRule): RetentionCursor {
  const counts = keepTags.some(({ newest }) => newest !== undefined);
  return { step: counts ? "count" : "tags", at: context.now(), newest: keepTags.map(() => []) };
}

/**
 * Step of a retention: checks a bounded number of tags or manifests, and removes those that no rule keeps. Each process
 * may crash at any moment, and another one may start again or continue from the last cursor.
 */
export async function retainRepository(
  context: Context,
  repository: RepositoryName,
  rule: CompiledRule,
  cursor: RetentionCursor,
  dryRun: boolean,
): Promise<RetentionStep> {
  const isDone = cursor.step === "manifests" ? rule.untaggedFor === undefined : rule.keepTags === undefined;
  const [prefix, limit] = cursor.step === "manifests" ? [MANIFEST_PREFIX, MANIFESTS] : [TAG_PREFIX, TAGS];
  const from = cursor.after === undefined ? {} : { after: cursor.after };
  const query = { prefix, limit, consistent: true, ...from };
  const items = isDone ? [] : await context.table.query(repositoryPartition(repository), query);
  // A copy: the caller may start again from the same cursor.
  const newest = cursor.step === "count" ? structuredClone(cursor.newest) : cursor.newest;
  const judge = new TagJudge(context, repository, rule, newest, cursor.at);
  const retirements: Retirement[] = [];
  const [tags, manifests] = [items as Stored<TagAttributes>[], items as Stored<ManifestAttributes>[]];
  if (cursor.step === "count") judge.count(tags);
  else if (cursor.step === "tags") {
    retirements.push(...await retainTags(context, repository, judge, tags, dryRun));
  } else {retirements.push(
      ...await retainManifests(context, repository, { rule, judge, at: cursor.at, dryRun }, manifests),
    );}
  const { after: _, ...rest } = cursor;
  if (items.length === limit) return { retirements, next: { ...rest, newest, after: items.at(-1)!.sk } };
  const step = FOLLOWING[cursor.step];
  return { retirements, ...(step && { next: { ...rest, newest, step } }) };
}

async function retainTags(
  context: Context,
  repository: RepositoryName,
  judge: TagJudge,
  tags: Stored<TagAttributes>[],
  dryRun: boolean,
): Promise<Retirement[]> {
  const reasons = await judge.judge(tags);
  if (!dryRun) {
    const leaving = new Set(
      tags.filter((_, i) => reasons[i] !== undefined).map((tag) => tag.attributes.digest),
    );
    const candidates = [...leaving].map((digest) => ({ kind: "tags" as const, repository, digest }));
    await leaveCandidates(context, candidates);
  }
  const retirements: Retirement[] = [];
  for (const [i, tag] of tags.entries()) {
    const reason = reasons[i];
    if (reason === undefined) continue;
    const { pk, sk, version, attributes } = tag;
    // A tag that was pushed meanwhile has another version, and stays.
    if (!dryRun && !await beginWork(context).table.delete({ pk, sk }, { ifVersion: version })) continue;
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
