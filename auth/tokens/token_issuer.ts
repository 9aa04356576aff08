import type { Principal } from "../principal.ts";

/** What a client asks for. */
export interface TokenRequest {
  /** What the token should be good for; our own service where absent. */
  service?: string | undefined;
  /** As they were written, with one or several in each. */
  scopes: readonly string[];
  /** Whether a refresh token should come with it. */
  offline: boolean;
  /** What the client calls itself. */
  client?: string | undefined;
}

/** What a client gets. */
export interface TokenGrant {
  /** The access token. */
  token: string;
  /** What it is good for, which may be less than what was asked for, and nothing at all. */
  scope: string;
  /** Seconds from its making to its end. */
  expiresIn: number;
  /** When it was made, in milliseconds since the epoch. */
  issuedAt: number;
  /** What gets others like it without a password; absent where none was asked for, or the principal can have none. */
  refreshToken?: string;
}

/** What a workload is given for the token of its issuer. */
export interface LoginToken {
  /** A password, with any user name. */
  token: string;
  /** Seconds for which it is good. */
  expiresIn: number;
}

/** Makes tokens. */
export interface TokenIssuer {
  /** What they are good for. */
  readonly service: string;
  /**
   * Refuses a request for a token that is good for somebody else, before anything secret of it is looked at. It is a 400:
   * the client is at the wrong place, and a 401 would make it ask for a password that would be as useless.
   *
   * @throws {RegistryError} 400.
   */
  checkService(service: string | undefined): void;
  /**
   * A token for a principal.
   *
   * @throws {RegistryError} 400 where it would be for too much, or for somebody else's service.
   */
  grant(principal: Principal, request: TokenRequest): Promise<TokenGrant>;
  /**
   * A token for the holder of this refresh token, which stays as good as it was, or is replaced where `offline` asks for
   * another one.
   *
   * @throws {RegistryError} 401 where the refresh token is not good, for whatever reason; 400 as {@linkcode grant} does.
   */
  refresh(refreshToken: string, request: TokenRequest): Promise<TokenGrant>;
}
