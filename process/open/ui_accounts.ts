import type { AuthConfig } from "../../auth/interface.ts";
import { type AccountTokens, type Htpasswd, type Logins, RefreshTokens } from "../../auth/mod.ts";
import type { LoginProvider } from "../../auth/oidc/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import type { UiAccounts } from "../../routes/ui/mod.ts";
import type { Table } from "../../storage/ports.ts";
import type { Log } from "../log/mod.ts";
import { findPrincipal } from "./find_principal.ts";

/** Maximum lifetime of a session of the web UI, in milliseconds. */
const SESSION_LIFETIME_MS = 7 * 24 * 60 * 60_000;

/** Milliseconds without a request after which a session ends. */
const SESSION_IDLE_MS = 12 * 60 * 60_000;

/** Configuration of the accounts. */
export type UiAccountsConfig = Pick<
  AuthConfig,
  "url" | "service" | "refreshLifetime" | "htpasswd" | "users" | "login"
>;

/** Parts of the access control that the web UI shares. */
export interface UiAccountsParts {
  /** Table of the sessions. */
  table: Table;
  /** Log of failed logins. */
  log: Pick<Log, "warn">;
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
  { url, service, refreshLifetime, htpasswd, users: listed, login }: UiAccountsConfig,
  { table, log, users, accountTokens, logins }: UiAccountsParts,
): UiAccounts {
  const lifetime = Math.min(SESSION_LIFETIME_MS, refreshLifetime);
  const sessions = new RefreshTokens({
    table,
    // No service has a space in its name, so no refresh token is a session, and no session a refresh token.
    service: `web ui of ${service}`,
    lifetime,
    idle: SESSION_IDLE_MS,
    findPrincipal: (principal) => findPrincipal(principal, { users, accountTokens, ...(login && { login }) }),
    hasEnded: (credential) => accountTokens.hasEnded(credential),
    now: Date.now,
  });
  return {
    login: (username, password, address) => logins.login(username, password, address),
    sessions,
    lifetime,
    accountTokens,
    hasPasswords: htpasswd !== undefined || listed !== undefined,
    ...(login && { provider: providerOf(login, url, log) }),
  };
}

// Not literal, so that only a registry with a provider loads the library, with the first login there.
const importOidc = (): Promise<typeof import("../../auth/oidc/mod.ts")> =>
  import(new URL("../../auth/oidc/mod.ts", import.meta.url).href);

/** Provider of logins, which is opened by the first login. */
function providerOf(
  login: NonNullable<AuthConfig["login"]>,
  url: string,
  log: Pick<Log, "warn">,
): NonNullable<UiAccounts["provider"]> {
  let opening: Promise<LoginProvider> | undefined;
  const open = () =>
    opening ??= importOidc().then(({ LoginProvider }) =>
      new LoginProvider(login, { redirectUri: `${url}/login/callback` })
    );
  return {
    name: login.name,
    begin: async () => await (await open()).begin(),
    finish: async (...args) => await (await open()).finish(...args),
    failed(error, address) {
      const reason = error instanceof RegistryError ? reasonOf(error) : "";
      log.warn(`Login at ${login.name} failed${reason}`, { ...(address !== undefined && { address }) });
    },
  };
}

/** Reason for the operator: the client learns less. */
function reasonOf({ message, cause }: RegistryError): string {
  return `: ${cause instanceof Error ? cause.message : message}`;
}
