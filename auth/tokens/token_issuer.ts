import type { Principal } from "../principal.ts";

/** Client's request for an access token. */
export interface TokenRequest {
  /** Requested audience. Default: this registry. */
  service?: string | undefined;
  /** Requested scopes as the client wrote them; each text may contain several. */
  scopes: readonly string[];
  /** True if the client requests a refresh token too. */
  offline: boolean;
  /** Name that the client gave itself. */
  client?: string | undefined;
}

/** Issued tokens. */
export interface TokenGrant {
  /** The access token. */
  token: string;
  /** Granted scope: a part of the requested one, possibly empty. */
  scope: string;
  /** Lifetime in seconds. */
  expiresIn: number;
  /** Start of validity, in milliseconds since the epoch. */
  issuedAt: number;
  /**
   * Refresh token, to get access tokens without a password; absent if none was requested, or the principal may not have
   * one.
   */
  refreshToken?: string;
}

/** Workload password, issued for an ID token of the workload's issuer. */
export interface WorkloadPassword {
  /** A password, with any user name. */
  token: string;
  /** Lifetime in seconds. */
  expiresIn: number;
}

/** Issues tokens. */
export interface TokenIssuer {
  /** Audience of the tokens. */
  readonly service: string;
  /**
   * Rejects a request for a token of another service before it checks any credentials. 400 and not 401: the client uses
   * the wrong URL, and a 401 would make it ask for a password in vain.
   *
   * @throws {RegistryError} 400.
   */
  checkService(service: string | undefined): void;
  /**
   * Issues an access token for a principal.
   *
   * @throws {RegistryError} 400 for too many scopes or another service.
   */
  grant(principal: Principal, request: TokenRequest): Promise<TokenGrant>;
  /**
   * Issues an access token for a refresh token. The refresh token stays valid, or is replaced if `offline` requests
   * another one.
   *
   * @throws {RegistryError} 401 for any invalid refresh token; 400 as {@linkcode grant}.
   */
  refresh(refreshToken: string, request: TokenRequest): Promise<TokenGrant>;
}
