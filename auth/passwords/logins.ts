import { createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { RegistryError } from "../../oci/mod.ts";
import { accountName } from "./account.ts";
import { type FailedLogins, type Login, LoginLanes, networkOf } from "../limits/mod.ts";
import type { GuessableSource, PasswordSource } from "./password_source.ts";
import type { Principal } from "../principal.ts";

/** Options of {@linkcode Logins}. */
export interface LoginsOptions {
  /** The source of a password that was made by chance or signed, by its form: it can't be guessed. */
  issuerOf: (password: string) => PasswordSource | undefined;
  /** The source of all other passwords. */
  users: GuessableSource;
  /** Slows down clients that guess. */
  failures: FailedLogins;
  /** Called for each failed login with its address only: a name may be a password in the wrong field. */
  failed?: (address: string | undefined) => void;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** Characters of the longest name. */
const MAX_NAME_LENGTH = 256;

/**
 * Time in milliseconds for which the same wrong password is neither checked nor counted again. Many clients send it
 * with several requests, so one typing error would count as many guesses.
 */
const REPEATED_MS = 3000;

/** Maximum wrong passwords in memory. */
const MAX_REPEATED = 4096;

/** Logs principals in by name and password. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #lanes = new LoginLanes();
  /** Logins under way, by name, password and network: clients start many requests at once. */
  readonly #underWay = new Map<string, Promise<Principal | undefined>>();
  /** Passwords that were wrong a moment ago, by a digest that reveals neither name nor password. */
  readonly #wrong: LRUCache<string, true>;
  readonly #key = randomBytes(32);

  /** No login has been seen yet. */
  constructor(options: LoginsOptions) {
    this.#options = options;
    const now = options.now ?? Date.now;
    this.#wrong = new LRUCache({ max: MAX_REPEATED, ttl: REPEATED_MS, ttlResolution: 0, perf: { now } });
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
    // Several requests may have sent the same.
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
    if (username.length > MAX_NAME_LENGTH || password === "") return undefined;
    const issuer = issuerOf(password);
    if (issuer !== undefined) return await issuer.verify(username, password);
    const account = accountName(username);
    if (account === undefined || !users.isPlausible(password)) return undefined;
    const login = { username: account, network, guess };
    if (failures.mayRecall(login)) {
      if (users.remembers(account, password)) return await users.verify(account, password);
      failures.missed(login);
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

  /** Checks one password, when no other of its network is being checked. */
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
