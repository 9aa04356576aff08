import type { AuthConfig } from "../auth/auth_config.ts";
import { createPolicy } from "../auth/policy.ts";
import { ANONYMOUS, type Principal } from "../auth/principal.ts";
import { parseSubject } from "../auth/subject.ts";
import { isRepositoryName } from "../oci/name.ts";
import { ACTIONS } from "../registry/caller.ts";
import type { Config } from "../settings.ts";
import { accessOf } from "./access.ts";
import { MisuseError } from "./command.ts";

/** Who may do what where, in words. */
export interface Question {
  /** `anonymous`, `user:<name>`, `robot:<name>`, `certificate:<name>` or `workload:<issuer>`. */
  who: string;
  /** One of the actions of policies. */
  action: string;
  /** A repository's name. */
  repository: string;
  /** Of a workload, each as `name=value`. */
  claims: string[];
}

/**
 * `skerry policy test`: says whether somebody may do something, and why.
 *
 * @returns The exit code: 0 where they may, 1 where not.
 * @throws {MisuseError} for a question that makes no sense.
 */
export function policyTest(
  config: Config,
  print: (text: string) => void,
  { who, action, repository, claims }: Question,
  { json }: { json: boolean },
): number {
  const auth = accessOf(config);
  const principal = principalOf(who, claims, auth);
  const wanted = ACTIONS.find((known) => known === action);
  if (wanted === undefined) {
    throw new MisuseError(`No such action: "${action}"; there are ${ACTIONS.join(", ")}`);
  }
  if (!isRepositoryName(repository)) throw new MisuseError(`No such repository can be: "${repository}"`);
  const { allowed, because } = createPolicy(auth).explain(principal, wanted, repository);
  if (json) {
    print(JSON.stringify({ who, action, repository, allowed, because }));
  } else {
    print(`${who} ${allowed ? "may" : "may not"} ${action} ${repository}:`);
    for (const reason of because) print(`- ${reason}`);
  }
  return allowed ? 0 : 1;
}

function principalOf(who: string, claims: string[], { issuers }: AuthConfig): Principal {
  const parts = parseSubject(who);
  if (claims.length > 0 && parts?.kind !== "workload") throw new MisuseError("Only workloads have claims");
  switch (parts?.kind) {
    case "anonymous":
      return ANONYMOUS;
    case "user":
    case "robot":
    case "certificate":
      return { kind: parts.kind, name: who };
    case "workload":
      if (!issuers.some(({ name }) => name === parts.name)) {
        throw new MisuseError(`No such issuer: "${parts.name}"`);
      }
      return { kind: "workload", name: `${who}:test`, issuer: parts.name, claims: parseClaims(claims) };
  }
  throw new MisuseError(
    `Expected anonymous, user:NAME, robot:NAME, certificate:NAME or workload:ISSUER, got "${who}"`,
  );
}

function parseClaims(claims: string[]): Record<string, string> {
  return Object.fromEntries(claims.map((claim) => {
    const equals = claim.indexOf("=");
    if (equals < 1) throw new MisuseError(`Expected a claim as NAME=VALUE, got "${claim}"`);
    return [claim.slice(0, equals), claim.slice(equals + 1)];
  }));
}
