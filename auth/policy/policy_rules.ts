import { BoundedMap } from "../../storage/bounded_map.ts";
import { globMatcher } from "../../oci/glob.ts";
import { alternativesOf } from "../../oci/glob_pattern.ts";
import type { Action, RepositoryName } from "../../oci/mod.ts";
import type { AllowRule, AuthConfig } from "../auth_config.ts";
import type { Principal } from "../principal.ts";
import { subjectMatcher } from "./subject.ts";
import { textMatcher } from "./text_pattern.ts";

/** A compiled {@linkcode AllowRule}. */
export interface Entry {
  /** Place in the configuration. */
  place: string;
  /** Rule as written in the configuration. */
  written: AllowRule;
  /** Actions that the rule allows. */
  actions: ReadonlySet<Action>;
  /** True if the rule names the principal, before its conditions on claims. */
  isFor: (principal: Principal) => boolean;
  /** First claim that does not meet its condition. */
  missingClaim: (principal: Principal) => string | undefined;
}

/** Rules that apply to a repository. */
export interface Applicable {
  /** Longest matching patterns, several if they are equally long, with their places in the configuration. */
  patterns: { place: string; pattern: string }[];
  /** Entries of all rules with these patterns. */
  entries: Entry[];
}

/** Alternative of a pattern. */
interface Candidate {
  length: number;
  matches: (name: string) => boolean;
  place: string;
  pattern: string;
  entries: Entry[];
}

/** Maximum repositories whose rules are cached: a client may request any number of names. */
const MAX_CACHED_RULES = 4096;

const NONE: Applicable = { patterns: [], entries: [] };

/** The rules of a configuration, found by repository. */
export class PolicyRules {
  /** Sorted by length, the longest first. */
  readonly #candidates: Candidate[];
  readonly #known = new BoundedMap<RepositoryName, Applicable>(MAX_CACHED_RULES);

  /** Compiles the rules of a configuration. */
  constructor({ policies, groups }: Pick<AuthConfig, "policies" | "groups">) {
    this.#candidates = policies.flatMap(({ repositories, allow }, index) => {
      const place = `policies[${index}]`;
      const entries = allow.map((written, at) => compileEntry(written, `${place}.allow[${at}]`, groups));
      // Each alternative has its own length: {team-a,team-b}/** must not count as longer than a name it matches.
      return repositories.flatMap((pattern) =>
        alternativesOf(pattern).map((alternative) => ({
          length: alternative.length,
          matches: globMatcher([alternative]),
          place,
          pattern,
          entries,
        }))
      );
    }).sort((a, b) => b.length - a.length);
  }

  /** Rules with the longest patterns that match the repository. */
  for(repository: RepositoryName): Applicable {
    const known = this.#known.get(repository);
    if (known !== undefined) return known;
    const found = this.#find(repository);
    this.#known.set(repository, found);
    return found;
  }

  #find(repository: RepositoryName): Applicable {
    const first = this.#candidates.findIndex(({ matches }) => matches(repository));
    if (first === -1) return NONE;
    const { length } = this.#candidates[first]!;
    const longest = this.#candidates.slice(first)
      .filter((candidate) => candidate.length === length && candidate.matches(repository));
    return {
      patterns: longest.map(({ place, pattern }) => ({ place, pattern })),
      entries: [...new Set(longest.flatMap(({ entries }) => entries))],
    };
  }
}

function compileEntry(written: AllowRule, place: string, groups: AuthConfig["groups"]): Entry {
  const claims = Object.entries(written.where ?? {}).map(([claim, patterns]) => ({
    claim,
    matchers: patterns.map(textMatcher),
  }));
  return {
    place,
    written,
    actions: new Set(written.actions),
    isFor: subjectMatcher(written.to, groups),
    missingClaim: (principal) =>
      claims.find(({ claim, matchers }) => {
        const values = valuesOf(principal, claim);
        return !values.some((value) => matchers.some((matches) => matches(value)));
      })?.claim,
  };
}

/**
 * Values of a claim of an ID token; none without the claim. Principals of other kinds have no claims, so no condition
 * holds for them.
 */
export function valuesOf(
  { kind, claims = {}, claimLists = {} }: Principal,
  claim: string,
): readonly string[] {
  if (kind !== "workload" && kind !== "oidc") return [];
  if (Object.hasOwn(claims, claim)) return [claims[claim]!];
  return kind === "oidc" && Object.hasOwn(claimLists, claim) ? claimLists[claim]! : [];
}
