import type { Authenticator, Identity, Origin, RequestRates } from "../../auth/mod.ts";
import { InvalidTokenError, networkOf, type Principal } from "../../auth/interface.ts";
import { observer } from "../../telemetry/observer.ts";
import { type Action, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { Caller } from "../../registry/interface.ts";
import { type Access, type Client, UNAUTHENTICATED_CALLER } from "./access.ts";
import { type Challenge, loginRequired } from "./challenge.ts";
import type { Demand } from "./requirement.ts";

/** Options of {@linkcode createGuard}. */
export interface GuardOptions {
  /** Authenticates requests. */
  authenticator: Authenticator;
  /** True if policies allow the action, whatever the scope of the token is. */
  allows: (principal: Principal, action: Action, repository: RepositoryName) => boolean;
  /** True if the principal may manage account tokens. */
  hasAccount: (principal: Principal) => boolean;
  /** True if the principal of this name is an administrator. Default: none is. */
  isAdministrator?: (name: string) => boolean;
  /** True if tokens alone decide: they come from an external token server, which knows the rights. */
  tokensDecide: boolean;
  /** Creates challenges. */
  challenge: Challenge;
  /** Rate limit of requests. */
  rates: RequestRates;
  /** Client's address, according to a trusted proxy. */
  addressOf: (headers: Headers, peer: string | undefined) => string | undefined;
}

/**
 * Authorizes requests before any storage read, so the answer does not depend on what exists.
 *
 * - 401 with a challenge if a login, or a token with this scope, could help: clients log in only after a 401.
 * - 403 otherwise.
 */
export function createGuard(options: GuardOptions): Access {
  const { authenticator, rates, challenge } = options;
  const callers = new WeakMap<Identity["principal"] | NonNullable<Identity["token"]>, Caller>();

  function callerOf({ principal, token }: Identity): Caller {
    // Cached for each token, because a client pulls many times with one.
    const key = token ?? principal;
    let caller = callers.get(key);
    if (caller === undefined) callers.set(key, caller = makeCaller(principal, token, options));
    return caller;
  }

  async function identify(request: Request, origin: Origin, needed: Demand): Promise<Identity> {
    try {
      const identity = authenticator.identify(request.headers, origin);
      return identity instanceof Promise ? await identity : identity;
    } catch (error) {
      reportRejection(error);
      const refusal = error instanceof InvalidTokenError
        ? new RegistryError("UNAUTHORIZED", "Token is not valid")
        : error;
      if (!(refusal instanceof RegistryError) || refusal.status !== 401) throw error;
      rates.take(networkOf(origin.address));
      throw challenged(
        refusal,
        challenge(needed, error instanceof InvalidTokenError ? "invalid_token" : undefined),
      );
    }
  }

  return {
    async admit(needed: Demand, request: Request, client: Client): Promise<Caller> {
      client.address = options.addressOf(request.headers, client.peer);
      if (needed.need === "login") {
        rates.take(networkOf(client.address));
        return UNAUTHENTICATED_CALLER;
      }
      const identity = await identify(request, client, needed);
      const { principal } = identity;
      client.principal = principal.name;
      rates.take(principal.kind === "anonymous" ? networkOf(client.address) : principal.name);
      const caller = callerOf(identity);
      if (meets(needed, identity, caller, options)) {
        // A token of an external token server lists all repositories: its scope for the catalog names none.
        const isForAll = needed.need === "catalog" && options.tokensDecide;
        return isForAll ? { ...caller, sees: () => true } : caller;
      }
      throw refusalOf(needed, identity, options);
    },
  };
}

/** Reports credentials that are wrong to telemetry, and no failure to check them. */
function reportRejection(error: unknown): void {
  if (error instanceof InvalidTokenError) observer?.loginFailed("token");
  else if (error instanceof RegistryError && error.status === 401) observer?.loginFailed("password");
}

/** Caller with the rights of a principal, and of its token. */
export function makeCaller(
  principal: Principal,
  token: Identity["token"],
  { allows, tokensDecide, isAdministrator }: Pick<
    GuardOptions,
    "allows" | "isAdministrator" | "tokensDecide"
  >,
): Caller {
  const { name } = principal;
  if (tokensDecide && token !== undefined) {
    const may: Caller["may"] = (action, repository) => token.grants(action, repository);
    return { name, may, sees: (repository) => may("pull", repository) };
  }
  // As for account tokens: neither an access token nor a restricted credential manages accounts.
  const administers = token === undefined && principal.bounds === undefined &&
    isAdministrator?.(name) === true;
  return {
    name,
    ...(administers && { administers }),
    may: (action, repository) =>
      (token === undefined || token.grants(action, repository)) && allows(principal, action, repository),
    // An access token's scope covers the client's own request, and not the source of a mount or a list, for which no
    // client can request a scope. The bounds of the credential apply here too.
    sees: (repository) => allows(principal, "pull", repository),
  };
}

/** True if the identity meets the requirement. An anonymous client must show a token if no right of its own decides. */
function meets(
  needed: Demand,
  { principal, token }: Identity,
  caller: Caller,
  { hasAccount }: GuardOptions,
): boolean {
  switch (needed.need) {
    case "login":
      return true;
    case "credentials":
      return token !== undefined || principal.kind !== "anonymous";
    case "account":
      return token === undefined && principal.bounds === undefined && hasAccount(principal);
    case "administrator":
      return caller.administers === true;
    case "catalog":
      return token === undefined ? principal.kind !== "anonymous" : token.catalog;
    case "right":
      return caller.may(needed.action, needed.repository);
  }
}

function refusalOf(
  needed: Demand,
  { principal, token }: Identity,
  { allows, tokensDecide, challenge }: GuardOptions,
): RegistryError {
  const mayIt = () => needed.need !== "right" || allows(principal, needed.action, needed.repository);
  const couldHelp = principal.kind === "anonymous" || token !== undefined && (tokensDecide || mayIt());
  if (!couldHelp) {
    const denied = needed.need === "right"
      ? `: "${principal.name}" may not ${needed.action} "${needed.repository}"`
      : "";
    return new RegistryError("DENIED", `Access denied${denied}`);
  }
  return loginRequired(challenge(needed, token === undefined ? undefined : "insufficient_scope"));
}

/** The same error with a challenge (RFC 9110 §11.6.1). */
function challenged({ code, message, headers }: RegistryError, header: string): RegistryError {
  return new RegistryError(code, message, { headers: { ...headers, "WWW-Authenticate": header } });
}
