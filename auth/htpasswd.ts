import { createHmac, randomBytes } from "node:crypto";
import { Facts } from "../cache/facts.ts";
import { accountName, fingerprintOf } from "./account.ts";
import { BcryptQueue, isPassword, type PasswordCheck } from "./bcrypt.ts";
import type { PasswordSource } from "./password_source.ts";
import type { Principal } from "./principal.ts";
import { Users } from "./users.ts";
import { WatchedFile } from "./watched_file.ts";

/** What {@linkcode Htpasswd} takes. */
export interface HtpasswdOptions {
  /** Of the configuration: an htpasswd file. */
  htpasswd?: string;
  /** Of the configuration: users by themselves, who come before those of the file. */
  users?: Readonly<Record<string, string>>;
  /** Told once of a change to the file that can't be used. */
  failed: (error: unknown) => void;
  /** Compares passwords; `close` ends it. */
  queue?: Pick<BcryptQueue, "check" | "close">;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Milliseconds for which a password that was right need not be checked again. */
const AGE = 60_000;

/** Most passwords that are remembered to be right. */
const COUNT = 10_000;

/** That a password is the right one. */
const RIGHT = {};

/** Users with a password, whose bcrypt hashes the configuration or a file holds. */
export class Htpasswd implements PasswordSource {
  readonly #sources: { current(): Promise<Users> | Users }[];
  readonly #queue: Pick<BcryptQueue, "check" | "close">;
  /** By what says neither the name nor the password to anybody who sees the memory of this process. */
  readonly #right: Facts<typeof RIGHT>;
  readonly #key = randomBytes(32);

  private constructor(sources: { current(): Promise<Users> | Users }[], options: HtpasswdOptions) {
    const { queue = new BcryptQueue(), now = () => performance.now() } = options;
    this.#sources = sources;
    this.#queue = queue;
    this.#right = new Facts({ age: AGE, count: COUNT, now });
  }

  /**
   * The users of the configuration.
   *
   * @throws {UsersError} where they can't be used.
   * @throws {FileError} where there is no such file.
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
   * The user with this password. A password that was right is right without any work for a minute, as long as the user
   * has the same hash; one that is wrong is work each time, and so is a user who isn't there.
   *
   * @throws {RegistryError} 503 where too many log in at the same time.
   */
  async verify(username: string, password: string): Promise<Principal | undefined> {
    const name = accountName(username);
    if (name === undefined || !isPassword(password)) return undefined;
    const hash = await this.#hashOf(name);
    const matches = await this.#check({ name, password, hash: hash ?? await this.#decoyFor(name) });
    // Whoever had to wait may have been taken away meanwhile.
    if (!matches || hash === undefined || await this.#hashOf(name) !== hash) return undefined;
    return principalOf(name, hash);
  }

  /** The user of this name, where there is one. */
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

  async #check({ name, ...job }: PasswordCheck & { name: string }): Promise<boolean> {
    // With the hash in it, so that another hash makes another key: what was known of the old one is of no use.
    const parts = JSON.stringify([name, job.hash, job.password]);
    const key = createHmac("sha256", this.#key).update(parts).digest("base64url");
    try {
      await this.#right.get(key, async () => {
        if (await this.#queue.check(job)) return RIGHT;
        throw new WrongPassword();
      });
      return true;
    } catch (error) {
      if (error instanceof WrongPassword) return false;
      throw error;
    }
  }
}

/** Keeps {@linkcode Facts} from remembering it. */
class WrongPassword extends Error {}

function principalOf(name: string, hash: string): Principal {
  return { kind: "user", name: `user:${name}`, credential: fingerprintOf(hash) };
}
