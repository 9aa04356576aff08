import type { AuthConfig, Principal } from "../../auth/interface.ts";
import type { AccountTokens, Htpasswd } from "../../auth/mod.ts";

/** Present accounts of a registry. */
export interface PresentAccounts {
  /** Users with a password. */
  users: Pick<Htpasswd, "find">;
  /** Robot tokens and personal access tokens. */
  accountTokens: Pick<AccountTokens, "find">;
  /** Provider of logins. */
  login?: Pick<NonNullable<AuthConfig["login"]>, "issuer">;
}

/** Current account of an earlier login; `undefined` if it does not exist any more, or logs in with another password. */
export async function findPrincipal(
  principal: Principal,
  { users, accountTokens, login }: PresentAccounts,
): Promise<Principal | undefined> {
  const { kind, name, credential = "", issuer } = principal;
  // The provider is not asked before the login expires.
  if (kind === "oidc") return issuer !== undefined && issuer === login?.issuer ? principal : undefined;
  // The credential of an account token has the id of the token before a dot.
  return credential.includes(".")
    ? await accountTokens.find(credential)
    : await users.find(name.replace(/^user:/, ""));
}
