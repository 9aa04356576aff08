import { LRUCache } from "lru-cache";
import { RegistryError } from "../oci/errors.ts";
import { networkOf } from "./network.ts";

/** What {@linkcode FailedLogins} takes. */
export interface FailedLoginsOptions {
  /** Failures in a row that cost nothing; 0 sets no bound at all. */
  free: number;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** A login under way; one of the three must be called, once. */
export interface Attempt {
  /** The password was right. */
  succeed(): void;
  /** It was wrong. */
  fail(): void;
  /** Nobody knows. */
  abandon(): void;
}

/** What is known of an address, of a name, or of a name at an address. */
interface Record {
  readonly key: string;
  /** In milliseconds. */
  readonly longestWait: number;
  /** In a row. */
  failures: number;
  /** Under way. */
  pending: number;
  /** Nothing more is tried before, in milliseconds since the epoch. */
  blockedUntil: number;
}

/** Addresses and names that are remembered. */
const MAX_RECORDS = 16_384;

/** Milliseconds without a failure after which the earlier ones are forgotten. */
const MEMORY = 15 * 60_000;

/** Logins of one address that may be under way at a time, where none has failed too often: a team may start all at once. */
const MOST_PENDING = 64;

/** The first wait, in milliseconds; each further failure doubles it. */
const FIRST_WAIT = 1000;

/**
 * The longest wait, in milliseconds. That of a name is short: it is all that somebody can do to the owner of the name who
 * comes from an address of which nothing is known yet.
 */
const LONGEST_WAIT = { pair: 60_000, address: 60_000, name: 4000 };

/**
 * Makes those wait who guess passwords, and nobody else.
 *
 * After some failures in a row of one address (one network of IPv6), or for one name from any addresses, the next attempt
 * is refused for a second, and for twice as long after each further one. It is refused before a password is looked at: a
 * guess costs us nothing, and learns nothing. Whoever has logged in with a name from an address before is never made to wait
 * for what others do there or to that name.
 */
export class FailedLogins {
  readonly #free: number;
  readonly #now: () => number;
  readonly #records: LRUCache<string, Record>;
  /** Names and the addresses where they have logged in. */
  readonly #known = new LRUCache<string, true>({ max: MAX_RECORDS });

  /** With nothing known yet. */
  constructor({ free, now = Date.now }: FailedLoginsOptions) {
    this.#free = free === 0 ? Infinity : free;
    this.#now = now;
    // Without a resolution it asks the clock each time, and needs no timer.
    this.#records = new LRUCache({ max: MAX_RECORDS, ttl: MEMORY, ttlResolution: 0, perf: { now } });
  }

  /**
   * Begins an attempt.
   *
   * @throws {RegistryError} 429 with `Retry-After` where it has to wait.
   */
  begin(username: string, address: string | undefined): Attempt {
    const network = networkOf(address);
    const pair = `${network} ${username}`;
    // Even they have a bound of their own: their computer may be one of those that guess.
    const known = this.#known.has(pair);
    const records = known
      ? [this.#recordOf("pair", pair)]
      : [this.#recordOf("address", network), this.#recordOf("name", username)];
    const now = this.#now();
    const wait = Math.max(...records.map((record) => this.#waitOf(record, now)));
    if (wait > 0) throw tooManyLogins(wait);
    for (const record of records) record.pending++;
    const end = () => {
      for (const record of records) record.pending--;
    };
    return {
      succeed: () => {
        end();
        this.#known.set(pair, true);
        // Not those of the address: whoever has one account there could guess all others' passwords.
        this.#records.delete(`pair ${pair}`);
      },
      fail: () => {
        end();
        for (const record of records) this.#count(record);
      },
      abandon: end,
    };
  }

  #recordOf(kind: keyof typeof LONGEST_WAIT, what: string): Record {
    const key = `${kind} ${what}`;
    let record = this.#records.get(key);
    if (record === undefined) {
      record = { key, longestWait: LONGEST_WAIT[kind], failures: 0, pending: 0, blockedUntil: 0 };
      this.#records.set(key, record);
    }
    return record;
  }

  /** Milliseconds. */
  #waitOf({ failures, pending, blockedUntil }: Record, now: number): number {
    if (this.#free === Infinity) return 0;
    const most = failures < this.#free ? MOST_PENDING : 1;
    return Math.max(blockedUntil - now, pending < most ? 0 : FIRST_WAIT);
  }

  #count(record: Record): void {
    record.failures++;
    this.#records.set(record.key, record); // Its time begins anew.
    const beyond = record.failures - this.#free;
    if (beyond < 0) return;
    record.blockedUntil = this.#now() + Math.min(FIRST_WAIT * 2 ** beyond, record.longestWait);
  }
}

function tooManyLogins(wait: number): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", "Too many logins have failed: wait before the next one", {
    headers: { "Retry-After": String(Math.ceil(wait / 1000)) },
  });
}
