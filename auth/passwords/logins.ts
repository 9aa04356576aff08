import { createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { RegistryError } from "../../oci/mod.ts";
import { accountName } from "./account.ts";
import { type FailedLogins, type Login, LoginLanes, networkOf } from "../limits/mod.ts";
import type { GuessableSource, PasswordSource } from "./password_source.ts";
import type { Principal } from "../principal.ts";

/** Options of {@linkcode Logins}. */
export interface LoginsOptions {
  /**
   * Source of a generated or signed password, such as an account token, recognized by its form. It cannot be guessed.
   * `undefined` for a password that a person chose.
   */
  issuerOf: (password: string) => PasswordSource | undefined;
  /** Source of all other passwords. */
  users: GuessableSource;
  /** Slows down clients that guess. */
  failures: FailedLogins;
  /** Called for each failed login. Gets no name, because it may be a password in the wrong field. */
  failed?: (address: string | undefined) => void;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** Maximum characters of a name. */
const MAX_NAME_CHARACTERS = 256;

/**
 * Time in milliseconds for which the same wrong password is neither checked nor counted again. Many clients send it
 * with several requests, so one typing error would count as many guesses.
 */
const REPEATED_MS = 3000;

/** Maximum wrong passwords in memory. */
const MAX_REPEATED_PASSWORDS = 4096;

/** Authenticates principals by name and password. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #lanes = new LoginLanes();
  /** Logins in progress, by name, password and network: clients start many requests at once. */
  readonly #underWay = new Map<string, Promise<Principal | undefined>>();
  /** Recently rejected passwords, by a keyed digest that reveals neither name nor password. */
  readonly #wrong: LRUCache<string, true>;
  readonly #key = randomBytes(32);

  /** Starts with empty caches. */
  constructor(options: LoginsOptions) {
    this.#options = options;
    const now = options.now ?? Date.now;
    this.#wrong = new LRUCache({
      max: MAX_REPEATED_PASSWORDS,
      ttl: REPEATED_MS,
      ttlResolution: 0,
      perf: { now },
    });
  }

  /**
   * Principal with this name and password, sent from this address.
   *
   * @throws {RegistryError} 401 for a wrong name or password, without telling which; 429 if the client must wait before
   *   any further attempt.
   */
  async login(username: string, password: string, address: string | undefined): Promise<Principal> {
    const guess = this.#digestOf(username, password);
    if (this.#wrong.has(guess)) throw wrongPassword();
    const principal = await this.#find(username, password, networkOf(address), guess);
    if (principal !== undefined) return principal;
    // Concurrent requests with the same wrong password are reported once.
    if (!this.#wrong.has(guess)) this.#options.failed?.(address);
    this.#wrong.set(guess, true);
    throw wrongPassword();
  }

  async #find(
    username: string,
    password: string,
    network: string,
    guess: string,
  ): Promise<Principal | undefined> {
    const { issuerOf, users, failures } = this.#options;
    if (username.length > MAX_NAME_CHARACTERS || password === "") return undefined;
    const issuer = issuerOf(password);
    if (issuer !== undefined) return await issuer.verify(username, password);
    const account = accountName(username);
    if (account === undefined || !users.isPlausible(password)) return undefined;
    const login = { username: account, network, guess };
    if (failures.mayUseCache(login)) {
      if (users.hasCached(account, password)) return await users.verify(account, password);
      failures.countCacheMiss(login);
    }
    const key = `${network} ${guess}`;
    let checking = this.#underWay.get(key);
    if (checking === undefined) {
      checking = this.#lanes.run(network, () => this.#check(login, password))
        .finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, checking);
    }
    return await checking;
  }

  /** Checks one password. Its network has no other check in progress. */
  async #check(login: Login, password: string): Promise<Principal | undefined> {
    const { users, failures } = this.#options;
    const attempt = await failures.begin(login);
    const isKnownNetwork = failures.isKnownNetwork(login.network);
    let principal: Principal | undefined;
    try {
      principal = await users.verify(login.username, password, { isKnownNetwork });
    } catch (error) {
      await attempt.abandon();
      throw error;
    }
    if (principal === undefined) await attempt.fail();
    else await attempt.succeed();
    return principal;
  }

  #digestOf(username: string, password: string): string {
    return createHmac("sha256", this.#key).update(JSON.stringify([username, password])).digest("base64url");
  }
}

function wrongPassword(): RegistryError {
  return new RegistryError("UNAUTHORIZED", "Name or password is wrong");
}
