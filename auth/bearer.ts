import type { Action, RepositoryName } from "../oci/mod.ts";
import type { Principal } from "./principal.ts";

/** Content of a valid token. */
export interface VerifiedToken {
  /** Principal that the token was issued to. */
  readonly principal: Principal;
  /** Expiry, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** True if the token allows listing repositories. */
  readonly catalog: boolean;
  /**
   * True if the token was issued for this action. For a token that the registry issued itself, the current policies must
   * allow the action too.
   */
  grants(action: Action, repository: RepositoryName): boolean;
}

/** Verifies the tokens of one issuer. */
export interface BearerTokens {
  /**
   * Verifies a token from memory and the cached keys, without a read of the table.
   *
   * @throws {InvalidTokenError} for any invalid token, either directly or as a rejection.
   */
  verify(token: string): VerifiedToken | Promise<VerifiedToken>;
}

/** Thrown for a token that is malformed, forged, for another audience, not valid yet or expired. */
export class InvalidTokenError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "InvalidTokenError";
}
