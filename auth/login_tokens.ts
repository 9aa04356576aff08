import { decodeProtectedHeader, type JWTPayload } from "jose";
import type { IssuerConfig } from "./auth_config.ts";
import { InvalidTokenError } from "./bearer.ts";
import type { PasswordSource } from "./password_source.ts";
import type { Principal } from "./principal.ts";
import { lifetimeOf } from "./workloads.ts";

/** Signs with the registry's own keys, and knows what they have signed. */
export interface LoginKeys {
  /** A JWT with these claims and header parameters; `alg` and `kid` are added. */
  sign(payload: JWTPayload, header: { typ: string }): Promise<string>;
  /**
   * The claims of a JWT of this `typ` that one of the keys has signed.
   *
   * @throws {InvalidTokenError} for any other.
   */
  verify(token: string, typ: string): Promise<JWTPayload>;
}

/** What {@linkcode createLoginTokens} takes. */
export interface LoginTokensOptions {
  /** The registry's own. */
  keys: LoginKeys;
  /** `service` of the configuration. */
  service: string;
  /** Those of the configuration. */
  issuers: readonly IssuerConfig[];
  /** Knows workloads by the tokens of their issuers. */
  workloads: PasswordSource;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** What a workload is given for the token of its issuer. */
export interface LoginToken {
  /** A password, with any user name. */
  token: string;
  /** Seconds for which it is good. */
  expiresIn: number;
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

/** RFC 8725 §3.11: no other token of ours is one of these, and none of these is another. */
const TYP = "skerry-login+jwt";

/** Most characters of one. */
const LONGEST_TOKEN = 16 * 1024;

/** Login tokens for the workloads of these issuers. */
export function createLoginTokens(options: LoginTokensOptions): LoginTokens {
  const { keys, service, issuers, workloads, now = Date.now } = options;

  return {
    async exchange(subjectToken) {
      const principal = await workloads.verify("", subjectToken);
      if (principal?.expiresAt === undefined) throw new InvalidTokenError("Cannot exchange the token");
      const { name, issuer, claims, expiresAt } = principal;
      const iat = Math.floor(now() / 1000);
      const exp = Math.floor(expiresAt / 1000);
      const token = await keys.sign(
        { iss: service, aud: service, sub: name, iat, exp, jti: crypto.randomUUID(), issuer, claims },
        { typ: TYP },
      );
      return { token, expiresIn: exp - iat };
    },

    async verify(_username, password) {
      if (!isLoginToken(password)) return undefined;
      try {
        return principalOf(await keys.verify(password, TYP));
      } catch (error) {
        if (error instanceof InvalidTokenError) return undefined;
        throw error;
      }
    },
  };

  function principalOf(payload: JWTPayload): Principal | undefined {
    const { aud, sub, iat = 0, exp = 0, issuer: name } = payload;
    // An issuer that was removed, or trusted for less long, is so at once.
    const issuer = issuers.find((issuer) => issuer.name === name);
    if (aud !== service || issuer === undefined || !sub?.startsWith(`workload:${issuer.name}:`)) {
      return undefined;
    }
    const expiresAt = Math.min(exp * 1000, iat * 1000 + lifetimeOf(issuer));
    if (expiresAt <= now()) return undefined;
    const claims = payload.claims as Record<string, string>;
    return { kind: "workload", name: sub, issuer: issuer.name, claims, expiresAt };
  }
}

function isLoginToken(text: string): boolean {
  if (text.length > LONGEST_TOKEN) return false;
  try {
    return decodeProtectedHeader(text).typ === TYP;
  } catch {
    return false;
  }
}
