import { decodeProtectedHeader } from "jose";
import type { IssuerConfig } from "../auth_config.ts";
import { InvalidTokenError } from "../bearer.ts";
import type { PasswordSource } from "../passwords/mod.ts";
import type { Principal } from "../principal.ts";
import type { WorkloadPassword } from "./token_issuer.ts";
import { MAX_TOKEN_CHARACTERS } from "../token_limits.ts";
import type { SignedTokens, VerifiedClaims } from "./signed_tokens.ts";

/** Options of {@linkcode createWorkloadPasswords}. */
export interface WorkloadPasswordsOptions {
  /** The registry's tokens of the type {@linkcode WORKLOAD_PASSWORD_TYPE}. */
  tokens: Pick<SignedTokens, "sign" | "verify">;
  /** Configured issuers. */
  issuers: readonly IssuerConfig[];
  /** Authenticates workloads by the ID tokens of their issuers. */
  workloads: PasswordSource;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Workload passwords, valid for as long as a push may take. An issuer's ID token expires after about five minutes,
 * while a client logs in again and again with its first password.
 */
export interface WorkloadPasswords extends PasswordSource {
  /**
   * Workload password for an ID token of the issuer (RFC 8693). Valid for the issuer's configured lifetime; cannot be
   * exchanged again.
   *
   * @throws {InvalidTokenError} for an invalid ID token.
   * @throws {RegistryError} 503 if the issuer's keys cannot be fetched.
   */
  exchange(subjectToken: string): Promise<WorkloadPassword>;
}

/**
 * `typ` of the header (RFC 8725 §3.11), so that no other token of the registry is accepted as a workload password or
 * vice versa.
 */
export const WORKLOAD_PASSWORD_TYPE = "skerry-login+jwt";

/** True if `text` looks like a workload password. Only {@linkcode WorkloadPasswords.verify} proves it. */
export function looksLikeWorkloadPassword(text: string): boolean {
  if (text.length > MAX_TOKEN_CHARACTERS) return false;
  try {
    return decodeProtectedHeader(text).typ === WORKLOAD_PASSWORD_TYPE;
  } catch {
    return false;
  }
}

/** Creates and verifies workload passwords for the configured issuers. */
export function createWorkloadPasswords(options: WorkloadPasswordsOptions): WorkloadPasswords {
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
      if (!looksLikeWorkloadPassword(password)) return undefined;
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
  // The removal of an issuer, or a shorter lifetime, takes effect at once.
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
