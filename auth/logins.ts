import { createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
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
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** Bytes of the longest name. */
const MAX_NAME = 256;

/**
 * Milliseconds in which the same wrong password is not looked at again, nor counted: many clients send it with each of
 * several requests, and a mistyped one would look like so many guesses.
 */
const REPEATED = 3000;

/** Most of them. */
const MOST_REPEATED = 4096;

/** Knows who has which password. */
export class Logins {
  readonly #options: LoginsOptions;
  /** What was wrong a moment ago, by what says neither the name nor the password. */
  readonly #wrong: LRUCache<string, true>;
  readonly #key = randomBytes(32);

  /** With nobody known yet. */
  constructor(options: LoginsOptions) {
    this.#options = options;
    const now = options.now ?? Date.now;
    this.#wrong = new LRUCache({ max: MOST_REPEATED, ttl: REPEATED, ttlResolution: 0, perf: { now } });
  }

  /**
   * The principal with this name and password, sent from this address.
   *
   * @throws {RegistryError} 401 where there is none: never whether the name or the password is wrong; 429 where they have to
   * wait before they may try again, whatever they send.
   */
  async login(username: string, password: string, address: string | undefined): Promise<Principal> {
    const { sourceOf, failures, failed } = this.#options;
    const guess = this.#digestOf(username, password);
    if (this.#wrong.has(guess)) throw wrongPassword();
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
    if (this.#wrong.has(guess)) {
      attempt.abandon(); // Another request has said the same meanwhile.
    } else {
      this.#wrong.set(guess, true);
      attempt.fail();
      failed?.(address);
    }
    throw wrongPassword();
  }

  #digestOf(username: string, password: string): string {
    return createHmac("sha256", this.#key).update(JSON.stringify([username, password])).digest("base64url");
  }
}

function wrongPassword(): RegistryError {
  return new RegistryError("UNAUTHORIZED", "Name or password is wrong");
}
