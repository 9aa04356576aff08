import { createHash } from "node:crypto";
import { accountName } from "./account.ts";
import { costOf, isBcryptHash } from "./bcrypt.ts";

/** Thrown for an invalid list of users. The message gives the place and the reason, and no content. */
export class UsersError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "UsersError";
}

/** Cost of the check of an unknown name if no account exists. */
const USUAL_COST = 10;

/** Maximum users of one list. */
const MAX_USERS = 100_000;

/** Users with the hashes of their passwords. */
export class Users {
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #costs: readonly number[];
  readonly #salt: string;

  private constructor(hashes: ReadonlyMap<string, string>) {
    this.#hashes = hashes;
    this.#costs = [...hashes.values()].map(costOf);
    this.#salt = createHash("sha256").update([...hashes.values()].join()).digest("hex");
  }

  /**
   * Users of an htpasswd file: lines of `name:hash`, empty lines, and comments that begin with `#`. `source` names the
   * file in errors.
   *
   * @throws {UsersError} with the number of the first invalid line.
   */
  static parse(text: string, source: string): Users {
    const entries = text.replace(/^\uFEFF/, "").split(/\r?\n/).map((line, index): Entry | undefined => {
      if (line.trim() === "" || line.startsWith("#")) return undefined;
      const colon = line.indexOf(":");
      const place = `${source}, line ${index + 1}`;
      if (colon < 0) throw new UsersError(`Cannot use ${place}: Expected a name, a colon and a hash`);
      return { name: line.slice(0, colon), hash: line.slice(colon + 1), place };
    });
    return new Users(collect(entries.filter((entry) => entry !== undefined), source));
  }

  /**
   * Users of a map from names to hashes. `source` names the map in errors.
   *
   * @throws {UsersError} with the place of the first invalid entry.
   */
  static from(map: Readonly<Record<string, string>>, source: string): Users {
    const entries = Object.entries(map).map(([name, hash], index): Entry => {
      return { name, hash, place: `${source}, entry ${index + 1}` };
    });
    return new Users(collect(entries, source));
  }

  /** Hash of the user's password; `undefined` if the user does not exist. */
  hashOf(name: string): string | undefined {
    return this.#hashes.get(name);
  }

  /**
   * Hash that matches no password, to compare with if the user does not exist. A name always gets the same hash with
   * the cost of some user, so neither the time of an answer nor its variation tells which users exist.
   */
  decoyFor(name: string): string {
    const pick = createHash("sha256").update(`${this.#salt} ${name}`).digest().readUInt32BE();
    const cost = this.#costs[pick % this.#costs.length] ?? USUAL_COST;
    return `$2b$${String(cost).padStart(2, "0")}$${".".repeat(53)}`;
  }
}

interface Entry {
  name: string;
  hash: string;
  place: string;
}

function collect(entries: Entry[], source: string): Map<string, string> {
  if (entries.length > MAX_USERS) {
    throw new UsersError(`Cannot use ${source}: It has more than ${MAX_USERS} users`);
  }
  const hashes = new Map<string, string>();
  for (const { name, hash, place } of entries) {
    const account = accountName(name);
    if (account === undefined) throw new UsersError(`Cannot use ${place}: Expected a user name`);
    if (!isBcryptHash(hash)) {
      throw new UsersError(`Cannot use ${place}: Expected a bcrypt hash with a cost from 4 to 14`);
    }
    if (hashes.has(account)) throw new UsersError(`Cannot use ${place}: Duplicate user`);
    hashes.set(account, hash);
  }
  return hashes;
}
