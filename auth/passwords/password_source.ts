import type { Principal } from "../principal.ts";

/** Authenticates users, robots or workloads by the password that a client sends. */
export interface PasswordSource {
  /**
   * Principal with this name and password; `undefined` for an unknown name or a wrong password, without telling which
   * and with equal effort.
   *
   * @throws {UnavailableError} if it cannot decide now.
   */
  verify(username: string, password: string, options?: VerifyOptions): Promise<Principal | undefined>;
}

/** Options of {@linkcode PasswordSource.verify}. */
export interface VerifyOptions {
  /** True if the client's network has logged in before: its password is checked before those of strangers. */
  isKnownNetwork?: boolean;
}

/** A source of passwords that people choose. They can be guessed, so attempts are counted. */
export interface GuessableSource extends PasswordSource {
  /** True if an account may have this password. Any other one is refused without work, and is no guess. */
  isPlausible(password: string): boolean;
  /** True if this process has found the password right before. Takes no work, and `verify` will take none either. */
  remembers(username: string, password: string): boolean;
}
