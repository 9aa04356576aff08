import type { RepositoryName, Tag } from "../../oci/mod.ts";

/** Tags that a rule keeps: all that match the pattern, or those that one of the other members selects. */
export interface KeepTags {
  /** Glob patterns; at least one. */
  tags: string[];
  /** Number of matching tags to keep, by the time of their last push. */
  newest?: number;
  /** Keeps tags that were pushed in the last `pushedWithin` milliseconds. */
  pushedWithin?: number;
  /** Keeps tags that were pulled, or else pushed, in the last `pulledWithin` milliseconds. */
  pulledWithin?: number;
}

/** Retention rule: repositories by pattern, and the tags and manifests that it keeps. */
export interface RetentionRule {
  /** Glob patterns of repositories. The first rule with one that matches is the one that counts. */
  repositories: string[];
  /** A tag stays if any of these keeps it; if absent, every tag stays. */
  keepTags?: KeepTags[];
  /** Milliseconds for which an untagged manifest stays; if absent, untagged manifests stay. */
  untaggedFor?: number;
}

/** {@linkcode KeepTags} with its patterns ready to be matched. */
export interface TagKeeper extends Omit<KeepTags, "tags"> {
  /** True if a pattern matches the tag. */
  matches: (tag: Tag) => boolean;
}

/** A rule with its patterns ready to be matched. */
export interface CompiledRule extends Pick<RetentionRule, "untaggedFor"> {
  /** Its place among the rules, from 1. */
  number: number;
  /** True if a pattern matches the repository. */
  covers: (repository: RepositoryName) => boolean;
  /** A tag stays if any of these keeps it; if absent, every tag stays. */
  keepTags?: TagKeeper[];
}

/** Makes rules ready to be matched. */
export async function compileRules(rules: RetentionRule[]): Promise<CompiledRule[]> {
  const { globMatcher } = await import("../../oci/glob.ts"); // few have rules
  return rules.map(({ repositories, keepTags, ...rest }, index) => ({
    ...rest,
    number: index + 1,
    covers: globMatcher(repositories),
    ...(keepTags &&
      { keepTags: keepTags.map(({ tags, ...keep }) => ({ ...keep, matches: globMatcher(tags) })) }),
  }));
}

/** The rule that counts for a repository, if there is one. */
export function ruleFor(rules: CompiledRule[], repository: RepositoryName): CompiledRule | undefined {
  return rules.find((rule) => rule.covers(repository));
}

/** True if the rule depends on the time of a tag's last pull. */
export function needsPulls(rule: CompiledRule | undefined): boolean {
  return rule?.keepTags?.some(({ pulledWithin }) => pulledWithin !== undefined) ?? false;
}
