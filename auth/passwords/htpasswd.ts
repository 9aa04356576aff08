import { createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { accountName, fingerprintOf } from "./account.ts";
import { BcryptQueue, isPassword, type PasswordCheck } from "./bcrypt.ts";
import type { GuessableSource, VerifyOptions } from "./password_source.ts";
import type { Principal } from "../principal.ts";
import { Users } from "./users.ts";
import { WatchedFile } from "../watched_file.ts";

/** Options of {@linkcode Htpasswd}. */
export interface HtpasswdOptions {
  /** Path of the configured htpasswd file. */
  htpasswd?: string;
  /** Configured users, which take precedence over those of the file. */
  users?: Readonly<Record<string, string>>;
  /** Called once for each change that makes the file unusable. */
  failed: (error: unknown) => void;
  /** Users to continue: their correct passwords stay cached, and both compare passwords in one thread. */
  earlier?: Htpasswd;
  /** Compares passwords; `close` ends it. */
  queue?: Pick<BcryptQueue, "check" | "close">;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Milliseconds for which a correct password is cached. A new hash invalidates it at once. A long TTL keeps clients
 * that log in often out of the queue in which guesses wait.
 */
const CACHE_TTL_MS = 24 * 60 * 60_000;

/** Maximum correct passwords in memory. */
const MAX_CACHED_PASSWORDS = 10_000;

/** Users whose bcrypt hashes are in the configuration or in an htpasswd file. */
export class Htpasswd implements GuessableSource {
  readonly #sources: { current(): Promise<Users> | Users }[];
  readonly #queue: Pick<BcryptQueue, "check" | "close">;
  /** Correct passwords: the hash that matched, by a keyed digest of the name and the password. */
  readonly #cache: LRUCache<string, string>;
  /** Comparisons in progress, by a keyed digest of the name, the hash and the password. */
  readonly #comparing: Map<string, Promise<boolean>>;
  readonly #key: Uint8Array;

  private constructor(sources: { current(): Promise<Users> | Users }[], options: HtpasswdOptions) {
    const { earlier, now = () => performance.now() } = options;
    this.#sources = sources;
    this.#queue = options.queue ?? (earlier === undefined ? new BcryptQueue() : earlier.#queue);
    const ttl = CACHE_TTL_MS;
    // Each entry holds the hash that matched, which the current users must still have.
    this.#cache = earlier !== undefined
      ? earlier.#cache
      : new LRUCache({ max: MAX_CACHED_PASSWORDS, ttl, ttlResolution: 0, perf: { now } });
    this.#comparing = earlier !== undefined ? earlier.#comparing : new Map();
    this.#key = earlier !== undefined ? earlier.#key : randomBytes(32);
  }

  /**
   * Opens the configured users.
   *
   * @throws {UsersError} for an invalid entry.
   * @throws {FileError} if the file cannot be read.
   */
  static async open(options: HtpasswdOptions): Promise<Htpasswd> {
    const sources: { current(): Promise<Users> | Users }[] = [];
    if (options.users !== undefined) {
      const users = Users.from(options.users, "users");
      sources.push({ current: () => users });
    }
    const { htpasswd: path } = options;
    if (path !== undefined) {
      sources.push(await WatchedFile.open(path, (text) => Users.parse(text, `"${path}"`), options));
    }
    return new Htpasswd(sources, options);
  }

  /**
   * User with this name and password. A correct password is cached for a day, as long as the user has the same hash. A
   * wrong password and an unknown name cost one bcrypt comparison each time.
   *
   * @throws {RegistryError} 429 if too many logins are waiting.
   */
  async verify(username: string, password: string, options?: VerifyOptions): Promise<Principal | undefined> {
    const name = accountName(username);
    if (name === undefined || !isPassword(password)) return undefined;
    const hash = await this.#hashOf(name);
    const key = this.#digestOf(name, password);
    if (hash !== undefined && this.#cache.get(key) === hash) return principalOf(name, hash);
    // A password of an older hash is now a guess like any other: callers do not count cached ones.
    this.#cache.delete(key);
    const job = { password, hash: hash ?? await this.#decoyFor(name) };
    const matches = await this.#compare(name, job, options);
    // The user may have been removed while the password was compared.
    if (!matches || hash === undefined || await this.#hashOf(name) !== hash) return undefined;
    this.#cache.set(key, hash);
    return principalOf(name, hash);
  }

  /** See {@linkcode GuessableSource.isPlausible}. */
  isPlausible(password: string): boolean {
    return isPassword(password);
  }

  /** See {@linkcode GuessableSource.hasCached}. */
  hasCached(username: string, password: string): boolean {
    const name = accountName(username);
    return name !== undefined && this.#cache.get(this.#digestOf(name, password)) !== undefined;
  }

  /** User with this name; `undefined` if it does not exist. */
  async find(username: string): Promise<Principal | undefined> {
    const name = accountName(username);
    const hash = name === undefined ? undefined : await this.#hashOf(name);
    return name === undefined || hash === undefined ? undefined : principalOf(name, hash);
  }

  /** Ends the thread that compares passwords. */
  close(): void {
    this.#queue.close();
  }

  async #hashOf(name: string): Promise<string | undefined> {
    for (const source of this.#sources) {
      const hash = (await source.current()).hashOf(name);
      if (hash !== undefined) return hash;
    }
    return undefined;
  }

  async #decoyFor(name: string): Promise<string> {
    const users = await this.#sources.at(-1)?.current() ?? Users.from({}, "users");
    return users.decoyFor(name);
  }

  /** Compares a password with a hash. Concurrent equal comparisons share one (single flight). */
  async #compare(name: string, job: PasswordCheck, options?: VerifyOptions): Promise<boolean> {
    const key = this.#digestOf(name, job.hash, job.password);
    let comparing = this.#comparing.get(key);
    if (comparing === undefined) {
      comparing = this.#queue.check(job, options).finally(() => this.#comparing.delete(key));
      this.#comparing.set(key, comparing);
    }
    return await comparing;
  }

  /** Keyed hash of the parts: a reader of this process's memory learns nothing about them without the key. */
  #digestOf(...parts: string[]): string {
    return createHmac("sha256", this.#key).update(JSON.stringify(parts)).digest("base64url");
  }
}

function principalOf(name: string, hash: string): Principal {
  return { kind: "user", name: `user:${name}`, credential: fingerprintOf(hash) };
}
