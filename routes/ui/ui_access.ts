import { ANONYMOUS, networkOf, type Principal } from "../../auth/interface.ts";
import type { RefreshTokens, RequestRates } from "../../auth/mod.ts";
import type { LoginProvider } from "../../auth/oidc/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import { type GuardOptions, makeCaller } from "../access/guard.ts";
import { readCookie, SESSION_COOKIE } from "./cookies.ts";
import type { UiAccess, UiLogins, UiProvider } from "./options.ts";
import type { ViewerAccount } from "./viewer.ts";

/** Options of {@linkcode createUiAccess}. */
export interface UiAccessOptions extends Pick<GuardOptions, "allows" | "tokensDecide" | "addressOf"> {
  /** Rate limit of requests. */
  rates: RequestRates;
  /** Principal of the client's certificate, if a trusted proxy passes one on. */
  certificate?: (headers: Headers, peer: string | undefined) => Principal | undefined;
  /** True if the principal of this name may do everything. */
  isAdministrator: (name: string) => boolean;
  /** Accounts of the registry; absent with an external token server. */
  accounts?: UiAccounts;
}

/** Accounts, as the web UI needs them. */
export interface UiAccounts extends Pick<UiLogins, "accountTokens" | "lifetime" | "hasPasswords"> {
  /** Principal with this name and password. */
  login: (username: string, password: string, address: string | undefined) => Promise<Principal>;
  /** Sessions. The text of a session is that of a refresh token. */
  sessions: Pick<RefreshTokens, "issue" | "redeem" | "end">;
  /** Provider of logins. `failed` is called for each login that it or the registry refused. */
  provider?: Pick<LoginProvider, "begin" | "finish"> & {
    name: string;
    failed: (error: unknown, address: string | undefined) => void;
  };
}

/**
 * Access control of the web UI: by the session of the request, else by its client's certificate. `Authorization` is
 * ignored, because a browser that has once sent a password adds it to the requests of every site.
 */
export function createUiAccess(options: UiAccessOptions): UiAccess {
  const { rates, addressOf, certificate, accounts } = options;

  async function principalOf(headers: Headers, peer: string | undefined): Promise<Principal> {
    const session = accounts && readCookie(headers, SESSION_COOKIE);
    const redeemed = session === undefined ? undefined : await accounts!.sessions.redeem(session);
    return redeemed?.principal ?? certificate?.(headers, peer) ?? ANONYMOUS;
  }

  return {
    async identify({ headers }, client) {
      client.address = addressOf(headers, client.peer);
      const principal = await principalOf(headers, client.peer);
      const isAnonymous = principal.kind === "anonymous";
      client.principal = principal.name;
      rates.take(isAnonymous ? networkOf(client.address) : principal.name);
      return {
        caller: makeCaller(principal, undefined, options),
        canLogIn: accounts !== undefined,
        isAdministrator: principal.bounds === undefined && options.isAdministrator(principal.name),
        ...(!isAnonymous && { account: accountOf(principal) }),
      };
    },
    ...(accounts && { logins: loginsOf(accounts) }),
  };
}

function loginsOf({ login, sessions, provider, ...rest }: UiAccounts): UiLogins {
  return {
    ...rest,
    ...(provider && { provider: providerOf(provider, sessions) }),
    async logIn({ username, password, client, agent }) {
      const principal = await login(username, password, client.address);
      const session = principal.kind === "user"
        ? await sessions.issue(principal, `Web UI: ${agent}`)
        : undefined;
      if (session === undefined) throw notAUser();
      client.principal = principal.name;
      return session;
    },
    logOut: (session) => sessions.end(session),
  };
}

function providerOf(
  { name, begin, finish, failed }: NonNullable<UiAccounts["provider"]>,
  sessions: UiAccounts["sessions"],
): UiProvider {
  return {
    name,
    begin,
    async finish(callback, attempt, { client, agent }) {
      try {
        const principal = await finish(callback, attempt);
        const session = await sessions.issue(principal, `Web UI: ${agent}`);
        client.principal = principal.name;
        return { session: session!, lifetime: principal.expiresAt! - Date.now() };
      } catch (error) {
        failed(error, client.address);
        throw error;
      }
    },
  };
}

function accountOf({ kind, name, bounds }: Principal): ViewerAccount {
  return {
    name,
    label: name.slice(name.indexOf(":") + 1),
    hasTokens: kind === "user" && bounds === undefined,
  };
}

function notAUser(): RegistryError {
  return new RegistryError(
    "DENIED",
    "Only users log in here, with their password or a personal access token; robot accounts and workloads do not",
  );
}
