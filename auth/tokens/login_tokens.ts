import { decodeProtectedHeader } from "jose";
import type { IssuerConfig } from "../auth_config.ts";
import { InvalidTokenError } from "../bearer.ts";
import type { PasswordSource } from "../passwords/mod.ts";
import type { Principal } from "../principal.ts";
import type { LoginToken } from "./token_issuer.ts";
import { MAX_TOKEN_LENGTH, type SignedTokens, type VerifiedClaims } from "./signed_tokens.ts";

/** Options of {@linkcode createLoginTokens}. */
export interface LoginTokensOptions {
  /** Tokens of our own of the type {@linkcode LOGIN_TOKEN_TYPE}. */
  tokens: Pick<SignedTokens, "sign" | "verify">;
  /** Those of the configuration. */
  issuers: readonly IssuerConfig[];
  /** Knows workloads by the tokens of their issuers. */
  workloads: PasswordSource;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Tokens that workloads log in with for as long as a push may take. That of an issuer is good for five minutes, and the
 * client of a registry logs in again and again with what it was given first.
 */
export interface LoginTokens extends PasswordSource {
  /**
   * A token of ours for that of an issuer (RFC 8693). It is good for as long as the configuration says of the issuer, and
   * can't be exchanged again.
   *
   * @throws {InvalidTokenError} Where that is not to be believed.
   * @throws {RegistryError} 503 where the keys of its issuer can't be had.
   */
  exchange(subjectToken: string): Promise<LoginToken>;
}

/** `typ` of the header (RFC 8725 §3.11): no other token of ours is one of these, and none of these is another. */
export const LOGIN_TOKEN_TYPE = "skerry-login+jwt";

/** True if `text` looks like a workload password. Only {@linkcode LoginTokens.verify} proves it. */
export function isLoginToken(text: string): boolean {
  if (text.length > MAX_TOKEN_LENGTH) return false;
  try {
    return decodeProtectedHeader(text).typ === LOGIN_TOKEN_TYPE;
  } catch {
    return false;
  }
}

/** Login tokens for the workloads of these issuers. */
export function createLoginTokens(options: LoginTokensOptions): LoginTokens {
  const { tokens, issuers, workloads, now = Date.now } = options;
  return {
    async exchange(subjectToken) {
      const principal = await workloads.verify("", subjectToken);
      if (principal?.expiresAt === undefined) throw new InvalidTokenError("Cannot exchange the token");
      const { name, issuer, claims, expiresAt } = principal;
      const { token, ...times } = await tokens.sign(name, { issuer, claims }, expiresAt - now());
      return { token, expiresIn: (times.expiresAt - times.issuedAt) / 1000 };
    },

    async verify(_username, password) {
      if (!isLoginToken(password)) return undefined;
      try {
        const { claims } = await tokens.verify(password);
        return principalOf(claims, issuers, now());
      } catch (error) {
        if (error instanceof InvalidTokenError) return undefined;
        throw error;
      }
    },
  };
}

function principalOf(
  { sub, iat = 0, exp, issuer: name, claims }: VerifiedClaims["claims"],
  issuers: readonly IssuerConfig[],
  now: number,
): Principal | undefined {
  // An issuer that was removed, or trusted for less long, is so at once.
  const issuer = issuers.find((issuer) => issuer.name === name);
  if (issuer === undefined || !sub.startsWith(`workload:${issuer.name}:`)) return undefined;
  const expiresAt = Math.min(exp * 1000, iat * 1000 + issuer.tokenLifetime);
  if (expiresAt <= now) return undefined;
  return {
    kind: "workload",
    name: sub,
    issuer: issuer.name,
    claims: claims as Record<string, string>,
    expiresAt,
  };
}
