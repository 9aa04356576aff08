import type { Principal } from "./principal.ts";

/** Knows people, robots or workloads by what a client sends as a password. */
export interface PasswordSource {
  /**
   * The principal with this name and password; `undefined` where this source knows none, or where the password is wrong:
   * never which of the two, and with equal effort.
   *
   * @throws {UnavailableError} where it can't tell at the moment.
   */
  verify(username: string, password: string): Promise<Principal | undefined>;
}
