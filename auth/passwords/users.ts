import { createHash } from "node:crypto";
import { accountName } from "./account.ts";
import { costOf, isBcryptHash } from "./bcrypt.ts";

/** Thrown for a list of users that can't be used; says where and why, and no word of what stands there. */
export class UsersError extends Error {
  /** Tells it from every other error. */
  override readonly name = "UsersError";
}

/** Cost of the work that a name without an account makes where there is no account at all. */
const USUAL_COST = 10;

/** Most users of one list. */
const MOST_USERS = 100_000;

/** Names and the hashes of their passwords. */
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
   * Those of an htpasswd file: `name:hash` lines, empty ones, and comments that begin with `#`. `source` is what the
   * errors call it.
   *
   * @throws {UsersError} with the number of the first line that is none of these.
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
   * Those of a map from names to hashes. `source` is what the errors call it.
   *
   * @throws {UsersError} with the place of the first one that can't be used.
   */
  static from(map: Readonly<Record<string, string>>, source: string): Users {
    const entries = Object.entries(map).map(([name, hash], index): Entry => {
      return { name, hash, place: `${source}, entry ${index + 1}` };
    });
    return new Users(collect(entries, source));
  }

  /** The hash of the user's password, where there is such a user. */
  hashOf(name: string): string | undefined {
    return this.#hashes.get(name);
  }

  /**
   * A hash that no password has, to be compared with where there is no such user: as much work as it would be for some
   * user, always the same one for a name, so that neither an answer's time nor how it varies tells who there is.
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
  if (entries.length > MOST_USERS) {
    throw new UsersError(`Cannot use ${source}: It has more than ${MOST_USERS} users`);
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
