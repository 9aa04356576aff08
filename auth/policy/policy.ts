import { BoundedMap } from "../../storage/bounded_map.ts";
import { globMatcher } from "../../oci/glob.ts";
import type { Action, RepositoryName } from "../../oci/mod.ts";
import type { AuthConfig } from "../auth_config.ts";
import { EVERYTHING } from "./grants.ts";
import { type Applicable, type Entry, PolicyRules, valuesOf } from "./policy_rules.ts";
import type { Grant, Principal, PrincipalKind } from "../principal.ts";
import { subjectMatcher } from "./subject.ts";

/** Authorizes requests. */
export interface Policy {
  /** True if the principal may do this in the repository. Decides from memory, in about a microsecond. */
  allows(principal: Principal, action: Action, repository: RepositoryName): boolean;
  /** The same decision with its reasons. */
  explain(principal: Principal, action: Action, repository: RepositoryName): Explanation;
  /** Rules without conditions that name the principal. Where a longer pattern matches, a shorter one does not count. */
  grantsOf(principal: Principal): Grant[];
  /** True if the principal of this name may do everything and manage every account's tokens. */
  isAdministrator(name: string): boolean;
}

/** A decision with its reasons. */
export interface Explanation {
  /** The decision. */
  allowed: boolean;
  /** Reasons, one sentence each, with places in the configuration. */
  because: string[];
}

/** The policy that a configuration describes. What it does not allow is denied. */
export function createPolicy(config: Pick<AuthConfig, "administrators" | "groups" | "policies">): Policy {
  const rules = new PolicyRules(config);
  const isAdministrator = subjectMatcher(config.administrators, config.groups);

  /** Rule that allows the action; `undefined` if none does. */
  function reason(principal: Principal, action: Action, repository: RepositoryName): Reason | undefined {
    if (!isWithin(principal.bounds, action, repository)) return undefined;
    if (isAdministrator(principal)) return "administrator";
    for (const entry of rules.for(repository).entries) {
      if (covers(entry, principal, action)) return entry;
    }
    return undefined;
  }

  const allows: Policy["allows"] = (principal, action, repository) =>
    reason(principal, action, repository) !== undefined;

  return {
    allows,
    grantsOf(principal) {
      if (isAdministrator(principal)) return [...EVERYTHING];
      return config.policies.flatMap(({ repositories, allow }) =>
        allow.filter(({ to, where }) => where === undefined && subjectMatcher(to, config.groups)(principal))
          .flatMap(({ actions }) => repositories.map((pattern) => ({ repositories: pattern, actions })))
      );
    },
    isAdministrator: (name) => isAdministrator({ kind: name.replace(/:.*/s, "") as PrincipalKind, name }),
    explain(principal, action, repository) {
      const why = reason(principal, action, repository);
      return {
        allowed: why !== undefined,
        because: why === undefined
          ? objections(principal, action, repository, rules.for(repository))
          : grounds(why, rules.for(repository), repository),
      };
    },
  };
}

/** Rule that allows an action. */
type Reason = "administrator" | Entry;

function covers({ actions, isFor, missingClaim }: Entry, principal: Principal, action: Action): boolean {
  return actions.has(action) && isFor(principal) && missingClaim(principal) === undefined;
}

/** Matchers of the patterns of account tokens. Bounded, because an account can have any number of tokens. */
const boundMatchers = new BoundedMap<string, (name: string) => boolean>(1024);

/** True if the bounds of the credential allow the action. */
function isWithin(bounds: readonly Grant[] | undefined, action: Action, repository: RepositoryName): boolean {
  return bounds === undefined ||
    bounds.some(({ repositories, actions }) =>
      actions.includes(action) && matcherOf(repositories)(repository)
    );
}

function matcherOf(pattern: string): (name: string) => boolean {
  const known = boundMatchers.get(pattern);
  if (known !== undefined) return known;
  const matches = globMatcher([pattern]);
  boundMatchers.set(pattern, matches);
  return matches;
}

function grounds(why: Reason, applicable: Applicable, repository: RepositoryName): string[] {
  if (why === "administrator") return ["administrators may do everything everywhere"];
  const { place, written: { to, actions, where } } = why;
  const claims = where === undefined ? "" : `, and the claims match`;
  return [
    ...countingRules(applicable, repository),
    `${place} allows ${list(actions)} to ${list(to)}${claims}`,
  ];
}

function objections(
  principal: Principal,
  action: Action,
  repository: RepositoryName,
  applicable: Applicable,
): string[] {
  if (!isWithin(principal.bounds, action, repository)) {
    const bounds = principal.bounds!.map(({ repositories, actions }) =>
      `${list(actions)} in "${repositories}"`
    );
    return [`the grants of the token allow only ${bounds.join("; ") || "nothing"}`];
  }
  if (applicable.patterns.length === 0) return [`no pattern of policies matches "${repository}"`];
  const misses = applicable.entries.map((entry) => `${entry.place} ${objection(entry, principal, action)}`);
  return [
    ...countingRules(applicable, repository),
    ...(misses.length === 0 ? ["no entry allows anything there"] : misses),
  ];
}

/** Reason why a rule does not allow the action. */
function objection(
  { written, isFor, missingClaim, actions }: Entry,
  principal: Principal,
  action: Action,
): string {
  if (!isFor(principal)) return `is for ${list(written.to)}`;
  if (!actions.has(action)) return `allows ${list(written.actions)}`;
  const claim = missingClaim(principal)!;
  const values = valuesOf(principal, claim);
  const wanted = list(written.where![claim]!.map((pattern) => JSON.stringify(pattern)), " or ");
  return `requires the claim "${claim}" to be ${wanted}, but it is ${
    values.length === 0 ? "absent" : list(values.map((value) => JSON.stringify(value)))
  }`;
}

function countingRules({ patterns }: Applicable, repository: RepositoryName): string[] {
  const sentences = patterns.map(({ place, pattern }) =>
    `${place} counts: "${pattern}" is the longest pattern that matches "${repository}"`
  );
  return [...new Set(sentences)]; // several alternatives of one pattern may match
}

function list(texts: readonly string[], separator = ", "): string {
  return texts.join(separator);
}
