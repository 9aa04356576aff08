import type { AuthConfig } from "../../auth/interface.ts";
import { RegistryError } from "../../oci/errors.ts";
import type { Action } from "../../oci/mod.ts";
import type { Demand } from "./requirement.ts";

/** Error code of a rejected token (RFC 6750 §3.1). */
export type TokenError = "invalid_token" | "insufficient_scope";

/**
 * Challenge of a 401. Only one, because several on one line confuse some clients.
 *
 * It contains nothing that the client has sent, except a valid repository name.
 */
export type Challenge = (needed: Demand, error?: TokenError) => string;

/** Scope that a challenge requests for an action. Push includes pull, because a client that pushes also pulls. */
const SCOPE_ACTIONS: Record<Action, string> = {
  pull: "pull",
  push: "pull,push",
  overwrite: "pull,push",
  delete: "delete",
  administer: "*",
};

/**
 * Creates challenges: for a token of the configured realm (Docker token specification,
 * https://distribution.github.io/distribution/spec/auth/token/), or for a password (RFC 7617 §2).
 */
export function createChallenge(
  { challenge, url, service, external }: Pick<AuthConfig, "challenge" | "url" | "service" | "external">,
): Challenge {
  const basic = basicChallenge(service);
  if (challenge === "basic") return () => basic;
  const realm = external?.realm ?? `${url}/token`;
  const start = `Bearer realm="${realm}",service="${external?.service ?? service}"`;
  return (needed, error) => {
    if (needed.need === "account" || needed.need === "administrator") return basic;
    const scope = scopeOf(needed);
    return start + (scope === undefined ? "" : `,scope="${scope}"`) +
      (error === undefined ? "" : `,error="${error}"`);
  };
}

/** RFC 7617 §2: asks for a name and a password. */
export function basicChallenge(realm: string): string {
  return `Basic realm="${realm.replace(/["\\]/g, "\\$&")}", charset="UTF-8"`;
}

/** 401 with a challenge (RFC 9110 §11.6.1) for a request that a login, or a token with the right scope, could help. */
export function loginRequired(challenge: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", "Access needs a login, or a token with the required scope", {
    headers: { "WWW-Authenticate": challenge },
  });
}

function scopeOf(needed: Demand): string | undefined {
  switch (needed.need) {
    case "right":
      return `repository:${needed.repository}:${SCOPE_ACTIONS[needed.action]}`;
    case "catalog":
      return "registry:catalog:*";
    default:
      return undefined;
  }
}
