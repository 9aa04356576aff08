import type { JWK } from "jose";
import type { Table } from "../../storage/ports.ts";
import { AccessTokens } from "./access_tokens.ts";
import type { AuthConfig } from "../auth_config.ts";
import type { BearerTokens } from "../bearer.ts";
import { jwksOf, openFileKeys, type SigningKeys, TableKeys, type TableKeysOptions } from "../keys/mod.ts";
import type { Principal } from "../principal.ts";
import { RefreshTokens, type RefreshTokensOptions } from "./refresh_tokens.ts";
import { MIN_LIFETIME_MS, type Permissions, TokenService } from "./token_service.ts";

/** Dependencies of {@linkcode openTokenService}. */
export interface TokenServiceParts {
  /** Configured URL of the registry, lifetimes of tokens, and location of the keys. */
  config: Pick<AuthConfig, "url" | "service" | "tokenLifetime" | "refreshLifetime" | "keys" | "issuers">;
  /** Table of refresh tokens, and of the keys if the configuration has none. */
  table: Table;
  /** Policies that decide about grants. */
  policy: Permissions;
  /**
   * Finds the current user or robot by name and `credential`; `undefined` if the credential was removed or changed. The
   * result must have the same `credential`; otherwise the refresh token is rejected.
   */
  findPrincipal: (principal: Principal) => Promise<Principal | undefined>;
  /** True if a credential was removed or has expired. */
  hasEnded: RefreshTokensOptions["hasEnded"];
  /** Called for a refresh token that was revoked because two parties have it. */
  reused?: RefreshTokensOptions["reused"];
  /** Keys of the table that are in memory already. They are used if the configuration still asks for such. */
  earlier?: SigningKeys | undefined;
  /** The time in milliseconds since the epoch. */
  now?: () => number;
}

/** Services of the registry's own tokens. */
export interface OpenTokenService {
  /** Verifies access tokens. */
  accessTokens: BearerTokens;
  /** Makes them. */
  service: TokenService;
  /** Signing keys, for tokens of other types: see `SignedTokens`. */
  keys: SigningKeys;
  /** The JWK set of RFC 7517 §5 that verifies them. */
  jwks: () => Promise<{ keys: JWK[] }>;
}

/** Longest lifetime of any token, in milliseconds: verifying keys are kept for that long. */
export function longestLifetime(
  { tokenLifetime, issuers }: Pick<AuthConfig, "tokenLifetime" | "issuers">,
): number {
  return Math.max(MIN_LIFETIME_MS, tokenLifetime, ...issuers.map((issuer) => issuer.tokenLifetime));
}

/**
 * Makes the token service that the configuration describes. A file of keys is read now; the table is not asked before the
 * first token.
 *
 * @throws {KeysError} if the keys of the configuration can't be used.
 */
export async function openTokenService(parts: TokenServiceParts): Promise<OpenTokenService> {
  const { config, table, policy, findPrincipal, hasEnded, reused, earlier, now = Date.now } = parts;
  const lifetimes = new Map(config.issuers.map(({ name, tokenLifetime }) => [name, tokenLifetime]));
  const keys = config.keys === undefined
    ? tableKeys({ table, lifetime: longestLifetime(config), now }, earlier)
    : await openFileKeys(config.keys);
  const accessTokens = new AccessTokens({ keys, issuer: config.url, service: config.service, now });
  const service = new TokenService({
    service: config.service,
    accessTokens,
    refreshTokens: new RefreshTokens({
      table,
      service: config.service,
      lifetime: config.refreshLifetime,
      findPrincipal,
      hasEnded,
      ...(reused && { reused }),
      now,
    }),
    policy,
    lifetimeFor: ({ issuer }) => lifetimes.get(issuer ?? "") ?? config.tokenLifetime,
    now,
  });
  return { accessTokens, service, keys, jwks: () => jwksOf(keys) };
}

/** Keys of the table: the earlier ones if they are the same, so that a reload needs no table. */
function tableKeys(options: TableKeysOptions, earlier: SigningKeys | undefined): TableKeys {
  const isSame = earlier instanceof TableKeys && earlier.lifetime === options.lifetime;
  return isSame ? earlier : new TableKeys(options);
}
