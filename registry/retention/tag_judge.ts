import { type Digest, isDigest, type RepositoryName, type Tag } from "../../oci/mod.ts";
import type { Context } from "../protocol/mod.ts";
import {
  manifestKey,
  type PullAttributes,
  pulledKey,
  type Stored,
  stored,
  type TagAttributes,
  tagOf,
} from "../items/mod.ts";
import { addNewest, isNewest, type Pushed } from "./newest.ts";
import { PULL_LAG_MS } from "./pull_times.ts";
import { type CompiledRule, needsPulls, type TagKeeper } from "./retention_rules.ts";
import { formatAge, formatSpan } from "../time_span.ts";

/** Facts about a tag that its item does not contain. */
interface Facts {
  pulledAt: number | undefined;
  /** True if the tag is named after the digest of an existing manifest. */
  hasSubject: boolean;
}

/** Decides which tags of a repository a rule keeps, at one point in time. */
export class TagJudge {
  readonly #context: Context;
  readonly #repository: RepositoryName;
  readonly #rule: CompiledRule;
  readonly #newest: Pushed[][];
  readonly #at: number;

  /**
   * `at` is the time of the decision; `newest` has the tags that were pushed last, for each of the rule's `keepTags`.
   */
  constructor(
    context: Context,
    repository: RepositoryName,
    rule: CompiledRule,
    newest: Pushed[][],
    at: number,
  ) {
    this.#context = context;
    this.#repository = repository;
    this.#rule = rule;
    this.#newest = newest;
    this.#at = at;
  }

  /** Counts tags that have not been counted; all of them must be before any is judged. */
  count(tags: Stored<TagAttributes>[]): void {
    for (const [i, { newest, matches }] of (this.#rule.keepTags ?? []).entries()) {
      if (newest === undefined) continue;
      for (const item of tags) {
        const tag = tagOf(item);
        if (matches(tag) && subjectOf(tag) === undefined) {
          addNewest(this.#newest[i]!, newest, { tag, at: item.attributes.pushedAt });
        }
      }
    }
  }

  /** Reason for removing each tag; `undefined` for a tag that stays. */
  async judge(tags: Stored<TagAttributes>[]): Promise<(string | undefined)[]> {
    const { keepTags } = this.#rule;
    if (keepTags === undefined || tags.length === 0) return tags.map(() => undefined);
    const facts = await this.#read(tags.map(tagOf));
    const isImmutable = await this.#context.immutable.in(this.#repository);
    return tags.map((tag, i) =>
      isImmutable?.(tagOf(tag)) ? undefined : this.#judge(keepTags, tag, facts[i]!)
    );
  }

  async #read(tags: Tag[]): Promise<Facts[]> {
    const subjects = tags.map(subjectOf).filter((subject) => subject !== undefined);
    const pulled = needsPulls(this.#rule) ? tags : [];
    const items = await this.#context.table.getMany([
      ...subjects.map((subject) => manifestKey(this.#repository, subject)),
      ...pulled.map((tag) => pulledKey(this.#repository, tag)),
    ], { consistent: true });
    const there = new Set(subjects.filter((_, i) => items[i] !== undefined));
    return tags.map((tag, i) => ({
      pulledAt: stored<PullAttributes>(items[subjects.length + i])?.attributes.at,
      hasSubject: there.has(subjectOf(tag)!),
    }));
  }

  #judge(keepTags: TagKeeper[], item: Stored<TagAttributes>, facts: Facts): string | undefined {
    const tag = tagOf(item);
    // A tag named after a digest, such as a signature's, stays as long as that manifest.
    if (facts.hasSubject) return undefined;
    const misses: string[] = [];
    for (const [i, keeper] of keepTags.entries()) {
      if (!keeper.matches(tag)) continue;
      const miss = this.#missOf(keeper, this.#newest[i]!, item, facts);
      if (miss === undefined) return undefined;
      misses.push(miss);
    }
    return `Rule ${this.#rule.number}: ${misses.join(", ") || "no pattern matches"}`;
  }

  /** Reason why this part of the rule does not keep the tag. */
  #missOf(
    { newest, pushedWithin, pulledWithin }: TagKeeper,
    latest: Pushed[],
    item: Stored<TagAttributes>,
    { pulledAt }: Facts,
  ): string | undefined {
    const { pushedAt } = item.attributes;
    if (newest !== undefined) {
      const tag = tagOf(item);
      const isKept = subjectOf(tag) === undefined && isNewest(latest, newest, { tag, at: pushedAt });
      return isKept ? undefined : `not among the ${newest} newest`;
    }
    if (pushedWithin !== undefined) return this.#lateness("pushed", pushedAt, pushedWithin, 0);
    if (pulledWithin === undefined) return undefined;
    // The lag counts after a push too: a process does not record a pull within an hour of one before the push.
    return pulledAt === undefined || pulledAt < pushedAt
      ? this.#lateness("never pulled, pushed", pushedAt, pulledWithin, PULL_LAG_MS)
      : this.#lateness("pulled", pulledAt, pulledWithin, PULL_LAG_MS);
  }

  #lateness(what: string, at: number, span: number, lag: number): string | undefined {
    if (at + span + lag >= this.#at) return undefined;
    return `${what} ${formatAge(this.#at - at)} ago (kept ${formatSpan(span)})`;
  }
}

/**
 * The digest of the manifest that a tag is about by its name: `sha256-<hex>` of the referrers tag schema
 * (distribution-spec §"Referrers Tag Schema"), and what cosign appends to it (`.sig`, `.att`, `.sbom`).
 */
function subjectOf(tag: Tag): Digest | undefined {
  const [, algorithm, hex] = /^(sha256|sha512)-([0-9a-f]+)(?:\.[a-z]+)?$/.exec(tag) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}
