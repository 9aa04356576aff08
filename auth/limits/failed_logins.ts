import { LRUCache } from "lru-cache";
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
  /** Consecutive failures without a delay; 0 turns the limit off. */
  free: number;
  /** Counters that all replicas share. */
  table: Table;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** A login that may be tried. */
export interface Login {
  /** The name of the account, as `accountName` has it: each account is counted under one spelling. */
  username: string;
  /** The client's network, as `networkOf` has it. */
  network: string;
  /** Fingerprint of the name and password, which identifies a repeated guess. */
  guess: string;
}

/** An attempt under way; one of the three must be called, once. */
export interface Attempt {
  /** The password was right. */
  succeed(): Promise<void>;
  /** The password was wrong. */
  fail(): Promise<void>;
  /** Cannot verify the password. */
  abandon(): Promise<void>;
}

/** Maximum remembered networks, and names at networks, that have logged in successfully. */
const MAX_KNOWN = 16_384;

/** Maximum wait of a name at a network from which it has logged in, in milliseconds. */
const MAX_PAIR_WAIT_MS = 60_000;

/** Time for which failures of such a pair count, in milliseconds. */
const PAIR_MEMORY_MS = 15 * 60_000;

/** The wait of an attempt that came while as many were under way as may fail, in milliseconds. */
const BUSY_WAIT_MS = 1000;

/**
 * Slows down clients that guess passwords.
 *
 * After some consecutive failures of a network, or for a name from any networks, the next attempt is rejected for a
 * second, and for twice as long after each further failure. A rejection comes before the password is checked, leaves no
 * trace, and is the same for every name. A name that has logged in from a network before can still log in there with a
 * password that this process has cached.
 */
export class FailedLogins {
  readonly #free: number;
  readonly #now: () => number;
  readonly #counts: FailureCounts;
  /** Distinct guesses at a name that are under way, with how many requests make each. */
  readonly #pending = new Map<string, Map<string, number>>();
  readonly #knownPairs = new LRUCache<string, true>({ max: MAX_KNOWN });
  readonly #knownNetworks = new LRUCache<string, true>({ max: MAX_KNOWN });
  readonly #misses: LRUCache<string, FailureCount>;

  /** No failure is known yet. */
  constructor({ free, table, now = Date.now }: FailedLoginsOptions) {
    this.#free = free === 0 ? Infinity : free;
    this.#now = now;
    this.#counts = new FailureCounts({ table, free: this.#free, now });
    this.#misses = new LRUCache({ max: MAX_KNOWN, ttl: PAIR_MEMORY_MS, ttlResolution: 0, perf: { now } });
  }

  /** True if the network has logged in before. */
  isKnownNetwork(network: string): boolean {
    return this.#knownNetworks.has(network);
  }

  /**
   * True if the name has logged in from this network and has not failed too often there. Its password may then be
   * compared with the cached one, whatever other clients of the network do.
   */
  mayRecall({ username, network }: Login): boolean {
    const pair = pairOf(username, network);
    return this.#knownPairs.has(pair) && (this.#misses.peek(pair)?.blockedUntil ?? 0) <= this.#now();
  }

  /** Counts a password that was not cached, before the next one may be checked. */
  missed({ username, network }: Login): void {
    const pair = pairOf(username, network);
    const failures = (this.#misses.peek(pair)?.failures ?? 0) + 1;
    const at = this.#now();
    const blockedUntil = at + waitAfter(failures, this.#free, MAX_PAIR_WAIT_MS);
    this.#misses.set(pair, { failures, at, blockedUntil });
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
      if (this.#counts.get(...key).failures < this.#free) {
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
        this.#misses.delete(pairOf(login.username, login.network));
        // The failures of the network stay: a client with one account there could guess all others' passwords.
        await undo();
      },
      fail: async () => {
        end();
        if (this.#free !== Infinity) await Promise.all(counted.map((key) => this.#counts.add(...key)));
      },
      abandon: undo,
    };
  }

  /** Deletes expired counts from the table. */
  async sweep(): Promise<void> {
    await this.#counts.sweep();
  }

  /** Limits the running guesses at a name to the failures that remain. */
  #enter({ username, guess }: Login): () => void {
    const guesses = this.#pending.get(username) ?? new Map<string, number>();
    const most = Math.max(1, this.#free - this.#counts.get("name", username).failures);
    if (!guesses.has(guess) && guesses.size >= most) throw tooManyLogins(BUSY_WAIT_MS);
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
