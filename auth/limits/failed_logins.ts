import { LRUCache } from "lru-cache";
import { BoundedMap } from "../../storage/bounded_map.ts";
import type { Table } from "../../storage/ports.ts";
import {
  type Claim,
  type FailureCount,
  FailureCounts,
  type FailureKind,
  waitAfter,
} from "./failure_counts.ts";
import { tooManyLogins } from "./too_many_logins.ts";

/** Options of {@linkcode FailedLogins}. */
export interface FailedLoginsOptions {
  /** Consecutive failures before further attempts are delayed; 0 turns the limit off. */
  freeFailures: number;
  /** Counters that all replicas share. */
  table: Table;
  /** Counts to continue with this limit. */
  earlier?: FailedLogins;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** Login to try. */
export interface Login {
  /** Name of the account as `accountName` returns it, so each account is counted under one spelling. */
  username: string;
  /** The client's network as `networkOf` returns it. */
  network: string;
  /** Keyed digest of the name and password: equal guesses have equal digests. */
  guess: string;
}

/** Attempt in progress. The caller calls exactly one of the methods, once. */
export interface Attempt {
  /** The password was right. */
  succeed(): Promise<void>;
  /** The password was wrong. */
  fail(): Promise<void>;
  /** The password could not be checked, so nothing is counted. */
  abandon(): Promise<void>;
}

/** Maximum networks in memory that have logged in, and maximum pairs of a name and a network. */
const MAX_KNOWN_ENTRIES = 16_384;

/** Maximum wait, in milliseconds, for a name at a network from which it has logged in. */
const MAX_PAIR_WAIT_MS = 60_000;

/** Milliseconds for which the failures of such a name at such a network count. */
const PAIR_MEMORY_MS = 15 * 60_000;

/** Wait, in milliseconds, if as many guesses at the name are in progress as may still fail. */
const BUSY_WAIT_MS = 1000;

/**
 * Slows down clients that guess passwords.
 *
 * Failures are counted for each network, and for each name whatever networks they come from. After
 * {@linkcode FailedLoginsOptions.freeFailures} consecutive failures, attempts are rejected for one second; each further
 * failure doubles that time. An attempt is rejected before its password is checked, is not counted, and gets the same
 * answer for every name. A name that has logged in from a network can still log in there with a password that this
 * process has cached.
 */
export class FailedLogins {
  readonly #freeFailures: number;
  readonly #now: () => number;
  readonly #counts: FailureCounts;
  /** Guesses in progress: for each name, the number of requests for each distinct guess. */
  readonly #pending: Map<string, Map<string, number>>;
  readonly #knownPairs: BoundedMap<string, true>;
  readonly #knownNetworks: BoundedMap<string, true>;
  readonly #cacheMisses: LRUCache<string, FailureCount>;

  /** Starts without any failure, unless it continues other counts. */
  constructor({ freeFailures, table, earlier, now = Date.now }: FailedLoginsOptions) {
    this.#freeFailures = freeFailures === 0 ? Infinity : freeFailures;
    this.#now = now;
    this.#counts = new FailureCounts({
      table,
      freeFailures: this.#freeFailures,
      now,
      ...(earlier && { earlier: earlier.#counts }),
    });
    this.#pending = earlier !== undefined ? earlier.#pending : new Map();
    this.#knownPairs = earlier !== undefined ? earlier.#knownPairs : new BoundedMap(MAX_KNOWN_ENTRIES);
    this.#knownNetworks = earlier !== undefined ? earlier.#knownNetworks : new BoundedMap(MAX_KNOWN_ENTRIES);
    this.#cacheMisses = earlier !== undefined ? earlier.#cacheMisses : new LRUCache({
      max: MAX_KNOWN_ENTRIES,
      ttl: PAIR_MEMORY_MS,
      ttlResolution: 0,
      perf: { now },
    });
  }

  /** True if the network has logged in before. */
  isKnownNetwork(network: string): boolean {
    return this.#knownNetworks.has(network);
  }

  /**
   * True if the name has logged in from this network and has not failed too often there. Its password may then be
   * compared with the cached one, even while other clients of the network are delayed.
   */
  mayUseCache({ username, network }: Login): boolean {
    const pair = pairOf(username, network);
    return this.#knownPairs.has(pair) && (this.#cacheMisses.peek(pair)?.blockedUntil ?? 0) <= this.#now();
  }

  /** Counts a password that differs from the cached one, before it is checked. */
  countCacheMiss({ username, network }: Login): void {
    const pair = pairOf(username, network);
    const failures = (this.#cacheMisses.peek(pair)?.failures ?? 0) + 1;
    const at = this.#now();
    const blockedUntil = at + waitAfter(failures, this.#freeFailures, MAX_PAIR_WAIT_MS);
    this.#cacheMisses.set(pair, { failures, at, blockedUntil });
  }

  /**
   * Begins an attempt.
   *
   * @throws {RegistryError} 429 with `Retry-After` if the client must wait.
   */
  async begin(login: Login): Promise<Attempt> {
    const keys: [FailureKind, string][] = [["address", login.network], ["name", login.username]];
    const wait = Math.max(...keys.map((key) => this.#counts.get(...key).blockedUntil)) - this.#now();
    if (wait > 0) throw tooManyLogins(wait);
    const end = this.#enter(login);
    const claims: Claim[] = [];
    const undo = async () => {
      end();
      for (const claim of claims) await claim.undo();
    };
    const counted: typeof keys = [];
    for (const key of keys) {
      if (this.#counts.get(...key).failures < this.#freeFailures) {
        counted.push(key);
        continue;
      }
      const claim = await this.#counts.claim(...key);
      if ("wait" in claim) {
        await undo();
        throw tooManyLogins(claim.wait);
      }
      claims.push(claim);
    }
    return {
      succeed: async () => {
        this.#knownPairs.set(pairOf(login.username, login.network), true);
        this.#knownNetworks.set(login.network, true);
        this.#cacheMisses.delete(pairOf(login.username, login.network));
        // The failures of the network stay: otherwise one valid account could reset the count.
        await undo();
      },
      fail: async () => {
        end();
        if (this.#freeFailures !== Infinity) {
          await Promise.all(counted.map((key) => this.#counts.add(...key)));
        }
      },
      abandon: undo,
    };
  }

  /** Deletes expired counts from the table. */
  async sweep(): Promise<void> {
    await this.#counts.sweep();
  }

  /**
   * Adds a guess to those in progress and returns the function that removes it. A name has at most as many distinct
   * guesses in progress as may still fail.
   */
  #enter({ username, guess }: Login): () => void {
    const guesses = this.#pending.get(username) ?? new Map<string, number>();
    const maxGuesses = Math.max(1, this.#freeFailures - this.#counts.get("name", username).failures);
    if (!guesses.has(guess) && guesses.size >= maxGuesses) throw tooManyLogins(BUSY_WAIT_MS);
    this.#pending.set(username, guesses);
    guesses.set(guess, (guesses.get(guess) ?? 0) + 1);
    return () => {
      const left = guesses.get(guess)! - 1;
      if (left > 0) guesses.set(guess, left);
      else guesses.delete(guess);
      if (guesses.size === 0) this.#pending.delete(username);
    };
  }
}

function pairOf(username: string, network: string): string {
  return `${network} ${username}`;
}
