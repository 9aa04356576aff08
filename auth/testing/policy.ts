/**
 * Policies and people, for tests of what these may do by those.
 *
 * @module
 */
import { assert } from "@std/assert";
import { type Action, isRepositoryName, type RepositoryName } from "../../oci/mod.ts";
import type { AllowRule, AuthConfig } from "../auth_config.ts";
import { createPolicy } from "../policy/mod.ts";
import type { Principal } from "../principal.ts";

export type Config = Pick<AuthConfig, "administrators" | "groups" | "policies">;

export const configOf = (fields: Partial<Config>): Config => ({
  administrators: [],
  groups: {},
  policies: [],
  ...fields,
});

export const rule = (repositories: string | string[], ...allow: AllowRule[]) => ({
  repositories: [repositories].flat(),
  allow,
});

export const allow = (
  to: string | string[],
  actions: Action | Action[],
  where?: AllowRule["where"],
): AllowRule => ({
  to: [to].flat(),
  actions: [actions].flat(),
  ...(where === undefined ? {} : { where }),
});

export const repo = (name: string): RepositoryName => {
  assert(isRepositoryName(name), name);
  return name;
};

export const user = (name: string): Principal => ({ kind: "user", name: `user:${name}` });
export const robot = (name: string): Principal => ({ kind: "robot", name: `robot:${name}` });
export const workload = (issuer: string, claims: Record<string, string> = {}): Principal => ({
  kind: "workload",
  name: `workload:${issuer}:job`,
  issuer,
  claims,
});

/** Names of these principals that may do it there. */
export function whoMay(
  config: Partial<Config>,
  action: Action,
  repository: string,
  ...principals: Principal[]
): string[] {
  const policy = createPolicy(configOf(config));
  return principals.filter((principal) => policy.allows(principal, action, repo(repository)))
    .map(({ name }) => name);
}

export const ALICE = user("alice");
export const BOB = user("bob");
