import type { AccountTokens } from "../../auth/mod.ts";
import type { LoginAttempt, LoginProvider } from "../../auth/oidc/mod.ts";
import type { Client } from "../access/mod.ts";
import type { Viewer } from "./viewer.ts";

/** Options of the web UI. */
export interface UiOptions {
  /** Loads access control; absent if the registry is open to all. */
  access?: () => Promise<UiAccess>;
  /** Configured URL of the registry: scheme and host at which clients reach it. Default: the host of the request. */
  url?: string;
}

/** Access control of the web UI. */
export interface UiAccess {
  /**
   * Authenticates the request by its session. Sets the client's address and principal, and counts the request.
   *
   * @throws {RegistryError} 429 above the rate limit.
   */
  identify(request: Request, client: Client): Promise<Omit<Viewer, "host">>;
  /** Login with an account of the registry; absent with an external token server. */
  logins?: UiLogins;
}

/** Provider of logins, as its pages need it. */
export interface UiProvider {
  /** Name that the login shows. */
  name: string;
  /** Begins a login: see {@linkcode LoginProvider.begin}. */
  begin: LoginProvider["begin"];
  /**
   * Ends a login, and starts a session. Returns the text of its cookie, and its lifetime in milliseconds.
   *
   * @throws {RegistryError} 403 if the login failed, 503 if the provider cannot be reached.
   */
  finish(
    callback: URLSearchParams,
    attempt: LoginAttempt,
    login: { client: Client; agent: string },
  ): Promise<{ session: string; lifetime: number }>;
}

/** Sessions and tokens of the accounts of a registry. */
export interface UiLogins {
  /**
   * Starts a session for a user's password or personal access token. Returns the text of its cookie.
   *
   * @throws {RegistryError} 401 for a wrong name or password, 403 for another kind of account, 429 if the client must
   *   wait before any further attempt.
   */
  logIn(login: { username: string; password: string; client: Client; agent: string }): Promise<string>;
  /** True if users have passwords. Without them, people log in at the provider only. */
  hasPasswords: boolean;
  /** Provider of logins. */
  provider?: UiProvider;
  /** Ends the session of a cookie, in all processes. */
  logOut(session: string): Promise<void>;
  /** Lifetime of a session in milliseconds. */
  lifetime: number;
  /** Tokens of users. */
  accountTokens: Pick<AccountTokens, "create" | "get" | "list" | "revoke">;
}
