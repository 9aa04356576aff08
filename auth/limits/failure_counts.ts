import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Item, queryPages, type Table } from "../../storage/ports.ts";
import { FAILURE_SHARDS, type FailureAttributes, failureKey } from "../items.ts";

/** Addresses and names that have failed are counted apart. */
export type FailureKind = "address" | "name";

/** Failures in a row of one address, or for one name. */
export interface FailureCount {
  failures: number;
  /** The next attempt is refused before, in milliseconds since the epoch. */
  blockedUntil: number;
  /** The last failure, in milliseconds since the epoch. */
  at: number;
}

/** Options of {@linkcode FailureCounts}. */
export interface FailureCountsOptions {
  /** Table that all replicas share. */
  table: Table;
  /** Failures that cost nothing. */
  free: number;
  /** The present, in milliseconds since the epoch. */
  now: () => number;
}

/** Attempt that was counted as a failure before its password was checked. */
export interface Claim {
  /** Takes it back: the attempt was no failure. */
  undo(): Promise<void>;
}

/** Maximum addresses, and maximum names, in memory; and maximum new items within {@linkcode MEMORY_MS}. */
export const MAX_COUNTS = 16_384;

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
const ADD_ATTEMPTS = 4;

/** Items of one request to the table. */
const BATCH = 100;

/** Wait after `failures` consecutive failures, in milliseconds. */
export function waitAfter(failures: number, free: number, longest: number): number {
  return failures < free ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (failures - free), longest);
}

/**
 * Counts failed logins of addresses and names, in the memory of this process and in the table for all replicas. Reads
 * and writes nothing for a key with no more failures than are free. A failure adds to the item. Above the free ones an
 * attempt first claims its place in the item by a conditional write, so that all replicas together make one attempt
 * between two waits. If the table does not answer, each process counts alone.
 */
export class FailureCounts {
  readonly #options: FailureCountsOptions;
  readonly #known: Record<FailureKind, LRUCache<string, FailureCount>>;
  /** Items made since then, which an attacker with many addresses must not make without a bound. */
  #made = { count: 0, since: -Infinity };

  /** Nothing is known yet. */
  constructor(options: FailureCountsOptions) {
    this.#options = options;
    this.#known = { address: new LRUCache({ max: MAX_COUNTS }), name: new LRUCache({ max: MAX_COUNTS }) };
  }

  /** Failure count of a key, as known to this process. Has no side effect. */
  get(kind: FailureKind, key: string): FailureCount {
    return this.#unlessForgotten(this.#known[kind].peek(key));
  }

  /** Counts a failure. */
  async add(kind: FailureKind, key: string): Promise<void> {
    const { table } = this.#options;
    const before = this.get(kind, key);
    this.#set(kind, key, this.#next(kind, before));
    for (let attempt = 0; attempt < ADD_ATTEMPTS; attempt++) {
      try {
        const item = await table.get(failureKey(kind, hashOf(key)), { consistent: true });
        const count = this.#next(kind, this.#unlessForgotten(countOf(item)));
        const version = await this.#put(kind, key, item, count);
        if (version === undefined) continue;
        const known = this.get(kind, key);
        this.#set(kind, key, known.failures > count.failures ? known : count);
      } catch {
        // This process has counted it; without the table the replicas count apart.
      }
      return;
    }
  }

  /**
   * Counts an attempt as a failure before it is made. Answers the milliseconds to wait if another replica's attempt
   * came first.
   */
  async claim(kind: FailureKind, key: string): Promise<Claim | { wait: number }> {
    const { table, now } = this.#options;
    const known = this.get(kind, key);
    // At once, so that no other attempt of this process gets through while the table answers.
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
      for await (const items of queryPages(table, pk, { limit: BATCH })) {
        for (const item of items) {
          const { at } = countOf(item)!;
          // Twice, since the clocks of replicas differ.
          if (at + 2 * MEMORY_MS < now()) await table.delete(item, { ifVersion: item.version });
        }
      }
    }
  }

  async #undo(kind: FailureKind, key: string, before: FailureCount, version: string): Promise<void> {
    this.#set(kind, key, before);
    const attributes: FailureAttributes = { ...before };
    // Where another replica has counted since, its failure stays.
    await this.#options.table.put({ ...failureKey(kind, hashOf(key)), attributes }, { ifVersion: version })
      .catch(() => {});
  }

  #set(kind: FailureKind, key: string, count: FailureCount): void {
    this.#known[kind].set(key, count);
  }

  #next(kind: FailureKind, { failures }: FailureCount): FailureCount {
    const { free, now } = this.#options;
    const at = now();
    return {
      failures: failures + 1,
      at,
      blockedUntil: at + waitAfter(failures + 1, free, MAX_WAIT_MS[kind]),
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
      if (this.#made.since + MEMORY_MS < now()) this.#made = { count: 0, since: now() };
      if (this.#made.count >= 2 * MAX_COUNTS) {
        throw new RangeError("Cannot count failed logins: too many counts in the table");
      }
      this.#made.count++;
    }
    const attributes: FailureAttributes = { ...count };
    const condition = item === undefined ? { ifAbsent: true } as const : { ifVersion: item.version };
    return await table.put({ ...failureKey(kind, hashOf(key)), attributes }, condition);
  }
}

const NONE: FailureCount = { failures: 0, blockedUntil: 0, at: 0 };

function countOf(item: Item | undefined): FailureCount | undefined {
  return item?.attributes as FailureAttributes | undefined;
}

/** A name may be a password that was typed into the wrong field. */
function hashOf(key: string): string {
  return createHash("sha256").update(`skerry failed login ${key}`).digest("hex");
}
