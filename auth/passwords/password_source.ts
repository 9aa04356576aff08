import type { Principal } from "../principal.ts";

/** Authenticates users, robots or workloads by the password that a client sends. */
export interface PasswordSource {
  /**
   * Principal with this name and password; `undefined` for an unknown name or a wrong password. Neither the result nor
   * the time it takes tells which.
   *
   * @throws {UnavailableError} if it cannot decide now.
   */
  verify(username: string, password: string, options?: VerifyOptions): Promise<Principal | undefined>;
}

/** Options of {@linkcode PasswordSource.verify}. */
export interface VerifyOptions {
  /** True if the client's network has logged in before: its passwords have their own queue. */
  isKnownNetwork?: boolean;
}

/** A source of passwords that people choose. They can be guessed, so attempts are counted. */
export interface GuessableSource extends PasswordSource {
  /** True if an account can have this password. Any other is rejected without a check and not counted as a guess. */
  isPlausible(password: string): boolean;
  /** True if the password was correct before and is cached in this process. Computes no bcrypt hash. */
  hasCached(username: string, password: string): boolean;
}
