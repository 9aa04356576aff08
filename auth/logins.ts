import { RegistryError } from "../oci/errors.ts";
import type { FailedLogins } from "./failed_logins.ts";
import type { PasswordSource } from "./password_source.ts";
import type { Principal } from "./principal.ts";

/** What {@linkcode Logins} takes. */
export interface LoginsOptions {
  /** Who knows a password like this one, by its form; undefined where nobody does. */
  sourceOf: (password: string) => PasswordSource | undefined;
  /** Makes those wait who guess. */
  failures: FailedLogins;
  /** Told of each login that failed, and by whom as far as that is no secret: a name may be a password in the wrong field. */
  failed?: (address: string | undefined) => void;
}

/** Bytes of the longest name. */
const MAX_NAME = 256;

/** Knows who has which password. */
export class Logins {
  readonly #options: LoginsOptions;

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /**
   * The principal with this name and password, sent from this address.
   *
   * @throws {RegistryError} 401 where there is none: never whether the name or the password is wrong; 429 where they have to
   * wait before they may try again, whatever they send.
   */
  async login(username: string, password: string, address: string | undefined): Promise<Principal> {
    const { sourceOf, failures, failed } = this.#options;
    const attempt = failures.begin(username.slice(0, MAX_NAME), address);
    let principal: Principal | undefined;
    try {
      const source = username.length <= MAX_NAME && password !== "" ? sourceOf(password) : undefined;
      principal = await source?.verify(username, password);
    } catch (error) {
      attempt.abandon(); // Nobody knows whether it was right.
      throw error;
    }
    if (principal !== undefined) {
      attempt.succeed();
      return principal;
    }
    attempt.fail();
    failed?.(address);
    throw new RegistryError("UNAUTHORIZED", "Name or password is wrong");
  }
}
