import { LRUCache } from "lru-cache";
import * as z from "zod/mini";
import { type Action, ACTIONS, isRepositoryName, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { type BearerTokens, InvalidTokenError, type VerifiedToken } from "../bearer.ts";
import type { SigningKeys } from "../keys/mod.ts";
import type { Principal } from "../principal.ts";
import { MAX_SCOPES, meaningOf, type ResourceAccess, SCOPE_ACTIONS } from "./scope.ts";
import { MAX_TOKEN_CHARACTERS } from "../token_limits.ts";
import { type SignedToken, SignedTokens } from "./signed_tokens.ts";

/**
 * `typ` of the header (RFC 8725 §3.11), so that no other token of the registry is accepted as an access token or vice
 * versa.
 */
export const ACCESS_TOKEN_TYPE = "skerry-access+jwt";

/** Maximum verified tokens in memory. */
const MAX_CACHED_TOKENS = 2048;

/** Maximum bytes of all verified tokens in memory, as estimated by {@linkcode bytesOf}. */
export const MAX_CACHED_BYTES = 16 * 1024 * 1024;

const KINDS = ["anonymous", "user", "robot", "workload", "certificate", "external"] as const;

const repository = z.custom<RepositoryName>((name) => typeof name === "string" && isRepositoryName(name));

/** Claims of a token beside the registered ones. Tokens of other releases may have other claims. */
const claimsSchema = z.object({
  sub: z.string().check(z.minLength(1)),
  kind: z.enum(KINDS),
  issuer: z.exactOptional(z.string()),
  claims: z.exactOptional(z.record(z.string(), z.string())),
  bounds: z.exactOptional(z.array(z.strictObject({
    repositories: z.string(),
    actions: z.array(z.enum(ACTIONS)),
  }))),
  access: z.array(z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("repository"),
      name: repository,
      actions: z.array(z.enum(SCOPE_ACTIONS)),
    }),
    z.strictObject({
      type: z.literal("registry"),
      name: z.literal("catalog"),
      actions: z.tuple([z.literal("*")]),
    }),
  ])).check(z.maxLength(MAX_SCOPES)),
});

/** Options of {@linkcode AccessTokens}. */
export interface AccessTokensOptions {
  /** Keys that sign and verify. */
  keys: SigningKeys;
  /** Issuer (`iss`): the URL of the registry. */
  issuer: string;
  /** Audience (`aud`) of the tokens. */
  service: string;
  /** The time in milliseconds since the epoch. */
  now: () => number;
}

/** Verified token, and the id of the key that verified it. */
interface CachedToken {
  verified: VerifiedToken;
  kid: string;
}

/**
 * Access tokens of the registry itself. Their rights are claims, so a verifier needs only the keys. A verified token is
 * cached until it expires or its key is removed; a rejected one is never cached.
 */
export class AccessTokens implements BearerTokens {
  readonly #options: AccessTokensOptions;
  readonly #tokens: SignedTokens;
  readonly #cache = new LRUCache<string, CachedToken>({
    max: MAX_CACHED_TOKENS,
    maxSize: MAX_CACHED_BYTES,
    sizeCalculation: (_, token) => bytesOf(token),
  });

  /** Tokens of one registry. */
  constructor(options: AccessTokensOptions) {
    this.#options = options;
    this.#tokens = new SignedTokens({ ...options, type: ACCESS_TOKEN_TYPE });
  }

  /**
   * Issues a token for the granted scopes.
   *
   * @throws {RegistryError} 400 if the token would be too long.
   */
  async issue(
    { name, kind, issuer, claims, bounds }: Principal,
    access: readonly ResourceAccess[],
    lifetime: number,
  ): Promise<SignedToken> {
    const signed = await this.#tokens.sign(name, {
      kind,
      ...(issuer !== undefined && { issuer }),
      ...(claims !== undefined && { claims }),
      ...(bounds !== undefined && { bounds }),
      access,
    }, lifetime);
    if (signed.token.length <= MAX_TOKEN_CHARACTERS) return signed;
    throw new RegistryError(
      "UNSUPPORTED",
      "Cannot issue the token: it would be too long (request fewer scopes)",
      { status: 400 },
    );
  }

  /**
   * See {@linkcode BearerTokens.verify}. A cached token is returned without a promise: a client sends
   * one token with many requests.
   */
  verify(token: string): VerifiedToken | Promise<VerifiedToken> {
    if (token.length > MAX_TOKEN_CHARACTERS) throw new InvalidTokenError("Token is too long");
    const cached = this.#cache.get(token);
    if (cached !== undefined && this.#isValid(cached)) return cached.verified;
    this.#cache.delete(token);
    return this.#verify(token);
  }

  async #verify(token: string): Promise<VerifiedToken> {
    const { claims, kid } = await this.#tokens.verify(token);
    const result = claimsSchema.safeParse(claims);
    if (!result.success) throw new InvalidTokenError("Token has unexpected claims");
    const verified = readClaims(result.data, claims.exp * 1000);
    this.#cache.set(token, { verified, kid });
    return verified;
  }

  #isValid({ verified, kid }: CachedToken): boolean {
    const { keys, now } = this.#options;
    return verified.expiresAt > now() && keys.knows(kid);
  }
}

/**
 * Upper bound of the memory that a token and its claims take, in bytes: the longest one, with 50 repositories, took 91
 * KB.
 */
export function bytesOf(token: string): number {
  return 1024 + 6 * token.length;
}

function readClaims(
  { sub, kind, issuer, claims, bounds, access }: z.infer<typeof claimsSchema>,
  expiresAt: number,
): VerifiedToken {
  const principal: Principal = {
    kind,
    name: sub,
    ...(issuer !== undefined && { issuer }),
    ...(claims !== undefined && { claims }),
    ...(bounds !== undefined && { bounds }),
  };
  const granted = new Map<RepositoryName, Set<Action>>();
  for (const resource of access) {
    if (resource.type === "repository") granted.set(resource.name, meaningOf(resource.actions));
  }
  return {
    principal,
    expiresAt,
    catalog: access.some(({ type }) => type === "registry"),
    grants: (action, repository) => granted.get(repository)?.has(action) ?? false,
  };
}
