import type { AuthConfig } from "../../auth/interface.ts";
import { type AccountTokens, type Htpasswd, type Logins, RefreshTokens } from "../../auth/mod.ts";
import type { UiAccounts } from "../../routes/ui/mod.ts";
import type { Table } from "../../storage/ports.ts";
import { findPrincipal } from "./find_principal.ts";

/** Maximum lifetime of a session of the web UI, in milliseconds. */
const SESSION_LIFETIME_MS = 7 * 24 * 60 * 60_000;

/** Milliseconds without a request after which a session ends. */
const SESSION_IDLE_MS = 12 * 60 * 60_000;

/** Parts of the access control that the web UI shares. */
export interface UiAccountsParts {
  /** Table of the sessions. */
  table: Table;
  /** Users with a password. */
  users: Htpasswd;
  /** Robot tokens and personal access tokens. */
  accountTokens: AccountTokens;
  /** Checks passwords, and counts failures. */
  logins: Logins;
}

/**
 * Accounts of the web UI. A session is a refresh token of another audience: it ends with its password or token, and
 * `skerry logins` lists and revokes it.
 */
export function openUiAccounts(
  { service, refreshLifetime }: Pick<AuthConfig, "service" | "refreshLifetime">,
  { table, users, accountTokens, logins }: UiAccountsParts,
): UiAccounts {
  const lifetime = Math.min(SESSION_LIFETIME_MS, refreshLifetime);
  const sessions = new RefreshTokens({
    table,
    // No service has a space in its name, so no refresh token is a session, and no session a refresh token.
    service: `web ui of ${service}`,
    lifetime,
    idle: SESSION_IDLE_MS,
    findPrincipal: (principal) => findPrincipal(principal, users, accountTokens),
    hasEnded: (credential) => accountTokens.hasEnded(credential),
    now: Date.now,
  });
  return {
    login: (username, password, address) => logins.login(username, password, address),
    sessions,
    lifetime,
    accountTokens,
  };
}
