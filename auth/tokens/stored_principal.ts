import { type Action, ACTIONS } from "../../oci/mod.ts";
import type { RefreshTokenAttributes } from "../items.ts";
import type { Principal } from "../principal.ts";

/** Attributes of the principal in the item of a refresh token. */
export type StoredPrincipal = Pick<
  RefreshTokenAttributes,
  "principal" | "kind" | "credential" | "bounds" | "issuer" | "claims" | "claimLists"
>;

/** A principal as it is stored with its refresh token; `undefined` for one that cannot have a refresh token. */
export function storedPrincipal(principal: Principal): StoredPrincipal | undefined {
  const { kind, name, credential, bounds, issuer, claims = {}, claimLists = {} } = principal;
  if (kind !== "user" && kind !== "robot" && kind !== "oidc" || credential === undefined) return undefined;
  const lists = Object.entries(claimLists).map<[string, string[]]>(([claim, values]) => [claim, [...values]]);
  return {
    principal: name,
    kind,
    credential,
    ...(kind === "oidc" && issuer !== undefined && {
      issuer,
      claims: { ...claims },
      claimLists: Object.fromEntries(lists),
    }),
    ...(bounds && { bounds: bounds.map((grant) => ({ ...grant, actions: [...grant.actions] })) }),
  };
}

/** Principal of the login that a refresh token was issued for. */
export function principalOf(
  { kind, principal, credential, bounds, issuer, claims, claimLists }: StoredPrincipal,
): Principal {
  return {
    kind,
    name: principal,
    credential,
    ...(issuer !== undefined && { issuer }),
    ...(claims && { claims }),
    ...(claimLists && { claimLists }),
    ...(bounds && {
      bounds: bounds.map(({ repositories, actions }) => ({
        repositories,
        actions: actions.filter((action): action is Action => ACTIONS.some((known) => known === action)),
      })),
    }),
  };
}
