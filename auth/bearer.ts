import type { RepositoryName } from "../oci/mod.ts";
import type { Action } from "../registry/interface.ts";
import type { Principal } from "./principal.ts";

/** What a token that is valid says. */
export interface VerifiedToken {
  /** Whose it is. */
  readonly principal: Principal;
  /** When it ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Whether it lists repositories. */
  readonly catalog: boolean;
  /** Whether it was given for this: what policies say now counts as well, of a token of our own. */
  grants(action: Action, repository: RepositoryName): boolean;
}

/** Knows the tokens of one issuer. */
export interface BearerTokens {
  /**
   * What the token says, from memory and the keys at hand alone: no table is read for it.
   *
   * @throws {InvalidTokenError} Where it is not to be believed, for whatever reason; or rejects with it.
   */
  verify(token: string): VerifiedToken | Promise<VerifiedToken>;
}

/** Thrown for a token that is malformed, forged, for somebody else, not valid yet or no more. */
export class InvalidTokenError extends Error {
  /** Tells it from every other error. */
  override readonly name = "InvalidTokenError";
}
