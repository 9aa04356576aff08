import { RegistryError } from "../oci/mod.ts";
import type { BearerTokens, VerifiedToken } from "./bearer.ts";
import type { Logins } from "./passwords/mod.ts";
import { ANONYMOUS, type Principal } from "./principal.ts";

/** Principal of a request, and the token that proved it. */
export interface Identity {
  /** Authenticated principal. */
  readonly principal: Principal;
  /** Token that authenticated the request; absent for a password, a certificate or an anonymous request. */
  readonly token?: VerifiedToken;
}

/** Options of {@linkcode createAuthenticator}. */
export interface AuthenticatorOptions {
  /** Verifies Bearer tokens. */
  tokens: BearerTokens;
  /** Login by name and password; absent if the registry accepts tokens only. */
  logins?: Pick<Logins, "login">;
  /** Principal of the client's certificate, if a trusted proxy passes one on. */
  certificate?: (headers: Headers, peer: string | undefined) => Principal | undefined;
}

/** Network origin of a request. */
export interface Origin {
  /** The other end of the connection. */
  peer: string | undefined;
  /** Address of the client. Differs from `peer` behind a trusted proxy. */
  address: string | undefined;
}

/** Authenticates requests. */
export interface Authenticator {
  /**
   * Principal of a request by its headers; anonymous without credentials.
   *
   * @throws {InvalidTokenError} for a token that is not valid.
   * @throws {RegistryError} 401 for any other invalid credentials, 429 if the login rate limit is reached.
   */
  identify(headers: Headers, origin: Origin): Identity | Promise<Identity>;
}

const ANONYMOUS_IDENTITY: Identity = { principal: ANONYMOUS };

/** Maximum bytes of a name and password. A password can be an ID token of a workload's issuer. */
const MAX_CREDENTIALS_BYTES = 16 * 1024;

/**
 * Creates an authenticator that uses `Authorization` (RFC 9110 §11.6.2), or the client's certificate if the request has
 * no such header.
 */
export function createAuthenticator({ tokens, logins, certificate }: AuthenticatorOptions): Authenticator {
  function byToken(text: string): Identity | Promise<Identity> {
    const token = tokens.verify(text);
    return token instanceof Promise ? token.then(identityOf) : identityOf(token);
  }

  async function byPassword(text: string, { address }: Origin): Promise<Identity> {
    const { username, password } = readBasic(text);
    if (logins === undefined) throw unauthorized("Login with a password is disabled: use a Bearer token");
    return { principal: await logins.login(username, password, address) };
  }

  return {
    identify(headers, origin) {
      const authorization = headers.get("Authorization");
      if (authorization === null || isEmptyLogin(authorization)) {
        const principal = certificate?.(headers, origin.peer);
        return principal === undefined ? ANONYMOUS_IDENTITY : { principal };
      }
      const { scheme, rest } = splitScheme(authorization);
      if (scheme === "bearer") return byToken(rest);
      if (scheme === "basic") return byPassword(rest, origin);
      throw unauthorized("Authorization must be Basic or Bearer");
    },
  };
}

/**
 * True for `Basic` credentials with an empty name and password, which podman, skopeo and buildah send without a login.
 */
function isEmptyLogin(authorization: string): boolean {
  return EMPTY_LOGIN.test(authorization);
}

const EMPTY_LOGIN = /^[Bb][Aa][Ss][Ii][Cc] +Og(==)? *$/; // base64 of ":"

function identityOf(token: VerifiedToken): Identity {
  return { principal: token.principal, token };
}

/** RFC 9110 §11.4: the scheme, in any case, one or more spaces, and one token of characters that hold no space. */
function splitScheme(authorization: string): { scheme?: string; rest: string } {
  const space = authorization.indexOf(" ");
  if (space === -1) return { rest: "" };
  return { scheme: authorization.slice(0, space).toLowerCase(), rest: authorization.slice(space).trim() };
}

/**
 * Name and password of Basic credentials (RFC 7617 §2). Both must be UTF-8.
 *
 * @throws {RegistryError} 401 for malformed credentials.
 */
export function readBasic(text: string): { username: string; password: string } {
  const pair = text.length > MAX_CREDENTIALS_BYTES * 4 / 3 + 4 ? undefined : decode(text);
  const colon = pair?.indexOf(":") ?? -1;
  if (pair === undefined || colon === -1) throw unauthorized("Credentials are malformed");
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function decode(text: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(text));
  } catch {
    return undefined;
  }
}

/** 401 for invalid credentials. The caller adds the challenge, because it knows the required scope. */
export function unauthorized(message: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", message);
}
