import { ANONYMOUS, type AuthConfig, type Principal } from "../../auth/interface.ts";
import { createPolicy } from "../../auth/mod.ts";
import { parseSubject } from "../../auth/rules.ts";
import { ACTIONS, isRepositoryName } from "../../oci/mod.ts";
import { openUsers } from "../../process/open/open_access.ts";
import type { Config } from "../../config/mod.ts";
import { MisuseError } from "../command.ts";

/** Question to the policies, as text. */
export interface Question {
  /** `anonymous`, `user:<name>`, `robot:<name>`, `certificate:<name>`, `oidc:<name>` or `workload:<issuer>`. */
  who: string;
  /** Action, as in policies. */
  action: string;
  /** A repository's name. */
  repository: string;
  /** Claims of a workload or an account of a provider, each as `name=value`. */
  claims: string[];
}

/** Exit codes of {@linkcode policyTest}; 2 is a misuse. */
const EXIT = { allowed: 0, denied: 1, open: 3, unknownUser: 4 } as const;

/**
 * `skerry policy test`: explains if a principal may do something.
 *
 * @returns The exit code: 0 if it is allowed, 1 if it is denied, 3 without `auth`, 4 for a user that does not exist.
 * @throws {MisuseError} for a question that makes no sense.
 * @throws {StartError} if the users can't be read, or tokens of another server decide.
 */
export async function policyTest(
  config: Config,
  print: (text: string) => void,
  { who, action, repository, claims }: Question,
  { json }: { json: boolean },
): Promise<number> {
  const { auth } = config;
  if (auth === undefined) {
    const reason = "No auth is configured: anyone who can reach the registry may do everything";
    print(json ? JSON.stringify({ who, action, repository, allowed: true, because: [reason] }) : reason);
    return EXIT.open;
  }
  const principal = principalOf(who, claims, auth);
  const wanted = ACTIONS.find((known) => known === action);
  if (wanted === undefined) {
    throw new MisuseError(`No such action: "${action}"; there are ${ACTIONS.join(", ")}`);
  }
  if (!isRepositoryName(repository)) {
    throw new MisuseError(`Expected the name of a repository, got "${repository}"`);
  }
  if (principal.kind === "user" && !await isUser(auth, who)) {
    const reason = `Unknown user "${who.replace(/^user:/, "")}": not in auth.htpasswd and not in auth.users`;
    print(json ? JSON.stringify({ who, action, repository, allowed: false, because: [reason] }) : reason);
    return EXIT.unknownUser;
  }
  const { allowed, because } = createPolicy(auth).explain(principal, wanted, repository);
  if (json) {
    print(JSON.stringify({ who, action, repository, allowed, because }));
  } else {
    print(`${who} ${allowed ? "may" : "may not"} ${action} ${repository}:`);
    for (const reason of because) print(`- ${reason}`);
  }
  return allowed ? EXIT.allowed : EXIT.denied;
}

async function isUser(auth: AuthConfig, who: string): Promise<boolean> {
  const users = await openUsers(auth, () => {});
  try {
    return await users.find(who.replace(/^user:/, "")) !== undefined;
  } finally {
    users.close();
  }
}

function principalOf(who: string, claims: string[], { issuers }: AuthConfig): Principal {
  const parts = parseSubject(who);
  if (claims.length > 0 && parts?.kind !== "workload" && parts?.kind !== "oidc") {
    throw new MisuseError("Expected --claim only for workload:ISSUER and oidc:NAME");
  }
  switch (parts?.kind) {
    case "anonymous":
      return ANONYMOUS;
    case "user":
    case "robot":
    case "certificate":
      return { kind: parts.kind, name: who };
    case "oidc":
      return { kind: "oidc", name: who, claimLists: listsOf(claims) };
    case "workload":
      if (!issuers.some(({ name }) => name === parts.name)) {
        throw new MisuseError(`No such issuer: "${parts.name}"`);
      }
      return { kind: "workload", name: `${who}:test`, issuer: parts.name, claims: parseClaims(claims) };
  }
  throw new MisuseError(
    `Expected anonymous, user:NAME, robot:NAME, certificate:NAME, oidc:NAME or workload:ISSUER, got "${who}"`,
  );
}

function parseClaims(claims: string[]): Record<string, string> {
  return Object.fromEntries(claims.map(parseClaim));
}

/** Claims that may have several values, such as groups. */
function listsOf(claims: string[]): Record<string, string[]> {
  const groups = Map.groupBy(claims.map(parseClaim), ([name]) => name);
  return Object.fromEntries([...groups].map(([name, values]) => [name, values.map(([, value]) => value)]));
}

function parseClaim(claim: string): [name: string, value: string] {
  const equals = claim.indexOf("=");
  if (equals < 1) throw new MisuseError(`Expected a claim as NAME=VALUE, got "${claim}"`);
  return [claim.slice(0, equals), claim.slice(equals + 1)];
}
