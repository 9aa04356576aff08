import { createHash } from "node:crypto";
import { BoundedMap } from "../../storage/bounded_map.ts";
import {
  ifUnchanged,
  type Item,
  queryPages,
  repeatOnConflict,
  RETRY,
  type Table,
} from "../../storage/ports.ts";
import { FAILURE_SHARDS, type FailureAttributes, failureKey } from "../items.ts";

/** Kind of a count: failed logins of an address, or for a name. */
export type FailureKind = "address" | "name";

/** Failures in a row of one address, or for one name. */
export interface FailureCount {
  /** Failures in a row. */
  failures: number;
  /** Attempts before this time are rejected; in milliseconds since the epoch. */
  blockedUntil: number;
  /** Time of the last failure, in milliseconds since the epoch. */
  at: number;
}

/** Options of {@linkcode FailureCounts}. */
export interface FailureCountsOptions {
  /** Table that all replicas share. */
  table: Table;
  /** Consecutive failures before further attempts are delayed. */
  freeFailures: number;
  /** Counts to continue. */
  earlier?: FailureCounts;
  /** The present, in milliseconds since the epoch. */
  now: () => number;
}

/** Attempt that was counted as a failure before its password was checked. */
export interface Claim {
  /** Takes the failure back: the attempt did not fail. */
  undo(): Promise<void>;
}

/** Maximum addresses, and maximum names, in memory; and maximum new items within {@linkcode MEMORY_MS}. */
const MAX_COUNTS = 16_384;

/** Milliseconds without a failure after which earlier failures do not count any more. */
const MEMORY_MS = 15 * 60_000;

/** The first wait, in milliseconds; each further failure doubles it. */
const FIRST_WAIT_MS = 1000;

/**
 * Maximum wait, in milliseconds. The wait of a name is short because a stranger can cause it, and the owner of the name
 * may come from an unknown address.
 */
const MAX_WAIT_MS = { address: 60_000, name: 4000 };

/** Attempts to add to an item that other replicas change at the same time. */
const MAX_ADD_ATTEMPTS = 4;

/** Items of one request to the table. */
const BATCH_ITEMS = 100;

/** Wait after `failures` consecutive failures, in milliseconds. */
export function waitAfter(failures: number, freeFailures: number, longest: number): number {
  return failures < freeFailures ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (failures - freeFailures), longest);
}

/**
 * Counts failed logins of addresses and names, in the memory of this process and in the table for all replicas. Each
 * failure is added to an item of the table. After `freeFailures` failures, an attempt first claims its place in the
 * item by a conditional write, so all replicas together make one attempt between two waits. A successful attempt before
 * that neither reads nor writes the table. If the table does not answer, each process counts alone.
 */
export class FailureCounts {
  readonly #options: FailureCountsOptions;
  readonly #known: Readonly<Record<FailureKind, BoundedMap<string, FailureCount>>>;
  /** Items created by this process since `since`. Limited, because an attacker may have many addresses. */
  readonly #made: { count: number; since: number };

  /** Starts without any failure, unless it continues other counts. */
  constructor({ earlier, ...options }: FailureCountsOptions) {
    this.#options = options;
    this.#known = earlier !== undefined
      ? earlier.#known
      : { address: new BoundedMap(MAX_COUNTS), name: new BoundedMap(MAX_COUNTS) };
    this.#made = earlier !== undefined ? earlier.#made : { count: 0, since: -Infinity };
  }

  /** Failure count of a key, as known to this process. Has no side effect. */
  get(kind: FailureKind, key: string): FailureCount {
    return this.#unlessForgotten(this.#known[kind].get(key));
  }

  /** Counts a failure. */
  async add(kind: FailureKind, key: string): Promise<void> {
    const { table } = this.#options;
    const before = this.get(kind, key);
    this.#set(kind, key, this.#next(kind, before));
    const addOnce = async () => {
      const item = await table.get(failureKey(kind, hashOf(key)), { consistent: true });
      const count = this.#next(kind, this.#unlessForgotten(countOf(item)));
      if (await this.#put(kind, key, item, count) === undefined) return RETRY;
      const known = this.get(kind, key);
      this.#set(kind, key, known.failures > count.failures ? known : count);
    };
    // This process has counted it; without the table the replicas count apart.
    await repeatOnConflict(addOnce, () => {}, { attempts: MAX_ADD_ATTEMPTS }).catch(() => {});
  }

  /**
   * Counts an attempt as a failure before it is made. Returns the milliseconds to wait if another replica's attempt
   * came first.
   */
  async claim(kind: FailureKind, key: string): Promise<Claim | { wait: number }> {
    const { table, now } = this.#options;
    const known = this.get(kind, key);
    // Before the table is read: otherwise other attempts of this process would pass in the meantime.
    this.#set(kind, key, this.#next(kind, known));
    try {
      const item = await table.get(failureKey(kind, hashOf(key)), { consistent: true });
      const stored = this.#unlessForgotten(countOf(item));
      const before = stored.failures < known.failures ? known : stored;
      if (before.blockedUntil > now()) {
        this.#set(kind, key, before);
        return { wait: before.blockedUntil - now() };
      }
      const claimed = this.#next(kind, before);
      const version = await this.#put(kind, key, item, claimed);
      if (version === undefined) return { wait: FIRST_WAIT_MS };
      this.#set(kind, key, claimed);
      return { undo: () => this.#undo(kind, key, before, version) };
    } catch {
      return { undo: () => Promise.resolve(this.#set(kind, key, known)) };
    }
  }

  /** Deletes expired counts. Any number of processes may run it at once. */
  async sweep(): Promise<void> {
    const { table, now } = this.#options;
    for (const pk of FAILURE_SHARDS) {
      for await (const items of queryPages(table, pk, { limit: BATCH_ITEMS })) {
        for (const item of items) {
          const { at } = countOf(item)!;
          // Twice, because the clocks of replicas differ.
          if (at + 2 * MEMORY_MS < now()) await table.delete(item, { ifVersion: item.version });
        }
      }
    }
  }

  async #undo(kind: FailureKind, key: string, before: FailureCount, version: string): Promise<void> {
    this.#set(kind, key, before);
    const attributes: FailureAttributes = { ...before };
    // If another replica has counted a failure since, that count stays.
    await this.#options.table.put({ ...failureKey(kind, hashOf(key)), attributes }, { ifVersion: version })
      .catch(() => {});
  }

  #set(kind: FailureKind, key: string, count: FailureCount): void {
    this.#known[kind].set(key, count);
  }

  #next(kind: FailureKind, { failures }: FailureCount): FailureCount {
    const { freeFailures, now } = this.#options;
    const at = now();
    return {
      failures: failures + 1,
      at,
      blockedUntil: at + waitAfter(failures + 1, freeFailures, MAX_WAIT_MS[kind]),
    };
  }

  #unlessForgotten(count: FailureCount | undefined): FailureCount {
    return count === undefined || count.at + MEMORY_MS < this.#options.now() ? NONE : count;
  }

  /** Writes by the version of `item`. Creates no new item beyond the limit. */
  async #put(
    kind: FailureKind,
    key: string,
    item: Item | undefined,
    count: FailureCount,
  ): Promise<string | undefined> {
    const { table, now } = this.#options;
    if (item === undefined) {
      if (this.#made.since + MEMORY_MS < now()) Object.assign(this.#made, { count: 0, since: now() });
      if (this.#made.count >= 2 * MAX_COUNTS) {
        throw new RangeError("Cannot count failed logins: too many counts in the table");
      }
      this.#made.count++;
    }
    const attributes: FailureAttributes = { ...count };
    return await table.put({ ...failureKey(kind, hashOf(key)), attributes }, ifUnchanged(item));
  }
}

const NONE: FailureCount = { failures: 0, blockedUntil: 0, at: 0 };

function countOf(item: Item | undefined): FailureCount | undefined {
  return item?.attributes as FailureAttributes | undefined;
}

/** Hash of an address or name for the key: a name may be a password that was typed into the wrong field. */
function hashOf(key: string): string {
  return createHash("sha256").update(`skerry failed login ${key}`).digest("hex");
}
