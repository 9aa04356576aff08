import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { InvalidTokenError } from "../bearer.ts";
import { CLOCK_SKEW_MS } from "../../storage/ports.ts";
import type { SigningKeys } from "../keys/mod.ts";
import { MAX_TOKEN_CHARACTERS } from "../token_limits.ts";

/** Options of {@linkcode SignedTokens}. */
export interface SignedTokensOptions {
  /** Keys that sign and verify. */
  keys: SigningKeys;
  /** Issuer (`iss`) of the tokens. */
  issuer: string;
  /** Audience (`aud`) of the tokens. */
  service: string;
  /** `typ` of the header, which tells the tokens of one purpose from those of every other. */
  type: string;
  /** The time in milliseconds since the epoch. */
  now: () => number;
}

/** A token that was just made. Times are in milliseconds since the epoch, as full seconds. */
export interface SignedToken {
  /** The token. */
  token: string;
  /** Start of validity. */
  issuedAt: number;
  /** Expiry. */
  expiresAt: number;
}

/** Claims of a valid token. */
export interface VerifiedClaims {
  /** All claims. */
  claims: JWTPayload & { sub: string; exp: number };
  /** The key that has signed it. */
  kid: string;
}

/**
 * JSON Web Tokens of the registry (RFC 7519), of one type for one purpose. Rejects everything else (RFC 8725): `alg`
 * must be EdDSA, and the header must have exactly the members that this class writes, in the same order and spelling.
 * So no header can bring or name a key (`jwk`, `jku`, `x5u`, `x5c`, `x5t`), change the rules (`crit`, `b64`, `zip`), or
 * have duplicates.
 */
export class SignedTokens {
  readonly #options: SignedTokensOptions;
  readonly #form: RegExp;

  /** Tokens of one type. */
  constructor(options: SignedTokensOptions) {
    this.#options = options;
    this.#form = new RegExp(
      `^\\{"alg":"EdDSA","kid":"([A-Za-z0-9_-]{1,64})","typ":"${RegExp.escape(options.type)}"\\}$`,
    );
  }

  /** Signs a token with these claims and the registered ones; `lifetime` is in milliseconds. */
  async sign(subject: string, claims: JWTPayload, lifetime: number): Promise<SignedToken> {
    const { keys, issuer, service, type, now } = this.#options;
    const { kid, key } = await keys.signing();
    const issued = Math.floor(now() / 1000);
    const expires = issued + Math.floor(lifetime / 1000);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA", kid, typ: type }) // as the form has it
      .setIssuer(issuer)
      .setAudience(service)
      .setSubject(subject)
      .setIssuedAt(issued)
      // Clocks of other hosts may be behind, and a token is used immediately.
      .setNotBefore(issued - CLOCK_SKEW_MS / 1000)
      .setExpirationTime(expires)
      .setJti(crypto.randomUUID())
      .sign(key);
    return { token, issuedAt: issued * 1000, expiresAt: expires * 1000 };
  }

  /**
   * Claims of a valid token.
   *
   * @throws {InvalidTokenError} for any invalid token. The message contains no part of it.
   */
  async verify(token: string): Promise<VerifiedClaims> {
    const { keys, issuer, service, type, now } = this.#options;
    if (token.length > MAX_TOKEN_CHARACTERS) throw new InvalidTokenError("Token is too long");
    const [, header, payload] = COMPACT.exec(token) ?? [];
    if (header === undefined || payload === undefined) throw new InvalidTokenError("Token is malformed");
    const [, kid] = this.#form.exec(textOf(header) ?? "") ?? [];
    if (kid === undefined) throw new InvalidTokenError("Token was issued for another purpose");
    const key = await keys.find(kid);
    if (key === undefined) throw new InvalidTokenError("Token is signed with an unknown key");
    let claims: JWTPayload;
    try {
      ({ payload: claims } = await jwtVerify(token, key, {
        algorithms: ["EdDSA"],
        typ: type,
        issuer,
        audience: service,
        currentDate: new Date(now()),
        requiredClaims: ["sub", "iat", "nbf", "exp", "jti"],
      }));
    } catch (error) {
      throw new InvalidTokenError(reasonFor(error));
    }
    const { sub, exp } = claims;
    // The audience may be a list; the registry's own tokens never have one.
    if (typeof sub !== "string" || exp === undefined || claims.aud !== service) {
      throw new InvalidTokenError("Token has unexpected claims");
    }
    return { claims: { ...claims, sub, exp }, kid };
  }
}

/**
 * RFC 7515 §7.1, with a signature of 64 bytes whose last character has no bits to spare: else there would be sixteen
 * spellings of one token.
 */
const COMPACT = /^([A-Za-z0-9_-]{1,300})\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{85}[AQgw]$/;

function textOf(header: string): string | undefined {
  try {
    const bytes = Uint8Array.fromBase64(header, { alphabet: "base64url" });
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A claim's name is not secret, but its value may be: nothing else of jose's message is shown. */
function reasonFor(error: unknown): string {
  const { code, claim } = error as { code?: unknown; claim?: unknown };
  if (code === "ERR_JWT_EXPIRED") return "Token has expired";
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED") return `Token has a wrong "${claim}"`;
  return "Token signature is not valid";
}
