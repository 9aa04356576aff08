import { type Action, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { AccessTokens } from "./access_tokens.ts";
import type { Principal } from "../principal.ts";
import type { RefreshTokens } from "./refresh_tokens.ts";
import type { TokenGrant, TokenIssuer, TokenRequest } from "./token_issuer.ts";
import { formatScope, parseScopes, type ResourceAccess, SCOPE_ACTIONS, type ScopeAction } from "./scope.ts";

/** Decides about rights by the current policies. */
export interface Permissions {
  /** True if the principal may do this in the repository. */
  allows(principal: Principal, action: Action, repository: RepositoryName): boolean;
}

/** Minimum lifetime of a token in milliseconds: some clients assume no less. */
export const MIN_LIFETIME_MS = 60_000;

/** Options of {@linkcode TokenService}. */
export interface TokenServiceOptions {
  /** Audience of the tokens, and the `service` that clients request. */
  service: string;
  /** Makes the access tokens. */
  accessTokens: Pick<AccessTokens, "issue">;
  /** Makes and takes the refresh tokens. */
  refreshTokens: Pick<RefreshTokens, "issue" | "redeem">;
  /** Policies that decide about grants. */
  policy: Permissions;
  /** Lifetime of an access token for this principal, in milliseconds. */
  lifetimeFor: (principal: Principal) => number;
  /** The time in milliseconds since the epoch. */
  now: () => number;
}

/**
 * Token service of https://distribution.github.io/distribution/spec/auth/token/: issues a token for the part of the
 * requested scopes that the principal may use.
 */
export class TokenService implements TokenIssuer {
  readonly #options: TokenServiceOptions;

  /** The service of one registry. */
  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /** See {@linkcode TokenIssuer.service}. */
  get service(): string {
    return this.#options.service;
  }

  /** See {@linkcode TokenIssuer.checkService}. */
  checkService(service: string | undefined): void {
    if (service === undefined || service === this.#options.service) return;
    throw new RegistryError("UNSUPPORTED", `Unknown service: expected "${this.#options.service}"`, {
      status: 400,
    });
  }

  /** See {@linkcode TokenIssuer.grant}. */
  async grant(
    principal: Principal,
    { service, scopes, offline, client = "" }: TokenRequest,
  ): Promise<TokenGrant> {
    this.checkService(service);
    const asked = parseScopes(scopes);
    const granted = asked.map((resource) => this.#allowed(principal, resource));
    const access = granted.filter(({ actions }) => actions.length > 0);
    const { token, issuedAt, expiresAt } = await this.#options.accessTokens.issue(
      principal,
      access,
      this.#lifetimeFor(principal),
    );
    const refreshToken = offline ? await this.#options.refreshTokens.issue(principal, client) : undefined;
    return {
      token,
      scope: access.map(formatScope).join(" "),
      expiresIn: (expiresAt - issuedAt) / 1000,
      issuedAt,
      ...(refreshToken !== undefined && { refreshToken }),
    };
  }

  /** See {@linkcode TokenIssuer.refresh}. */
  async refresh(refreshToken: string, request: TokenRequest): Promise<TokenGrant> {
    this.checkService(request.service);
    const { offline: replace } = request;
    const redeemed = await this.#options.refreshTokens.redeem(refreshToken, { replace });
    if (redeemed === undefined) {
      throw new RegistryError("UNAUTHORIZED", "Refresh token is invalid or expired: log in again");
    }
    const grant = await this.grant(redeemed.principal, { ...request, offline: false });
    const { replacement } = redeemed;
    return { ...grant, ...(replacement !== undefined && { refreshToken: replacement }) };
  }

  /** Lifetime of a token, limited by the expiry of the principal's credential. */
  #lifetimeFor(principal: Principal): number {
    const { lifetimeFor, now } = this.#options;
    const { expiresAt = Infinity } = principal;
    return Math.min(Math.max(MIN_LIFETIME_MS, lifetimeFor(principal)), expiresAt - now());
  }

  /**
   * Part of the resource that the policies allow. Every client may list repositories; it sees those that it may pull
   * from.
   */
  #allowed(principal: Principal, resource: ResourceAccess): ResourceAccess {
    if (resource.type === "registry") return resource;
    const { type, name } = resource;
    const asked = resource.actions.includes("*") ? SCOPE_ACTIONS : resource.actions;
    const actions = asked.filter((action) => this.#options.policy.allows(principal, DECIDES[action], name));
    return { type, name, actions };
  }
}

/** Action that decides whether a scope's action is granted. Its other meanings are checked at the request itself. */
const DECIDES: Record<ScopeAction, Action> = {
  pull: "pull",
  push: "push",
  delete: "delete",
  "*": "administer",
};
