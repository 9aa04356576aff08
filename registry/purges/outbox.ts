import { inParallel, type Item, type Key, queryPages } from "../../storage/ports.ts";
import { Lease, shuffled } from "../background/mod.ts";
import {
  partsOf,
  PURGE_SHARDS,
  type PurgeAttributes,
  type PurgeItem,
  purgeItem,
  stored,
} from "../items/mod.ts";
import type { Context, SettledPurges } from "../protocol/mod.ts";

/** A shared cache, or several in front of the same hosts. */
export interface PurgeTarget {
  /** Maximum cache tags of one call. */
  readonly maxTags: number;
  /**
   * Purges every answer that has one of these cache tags. A call can be repeated.
   *
   * @throws If the cache has not accepted it.
   */
  purge(tags: string[]): Promise<void>;
}

/** Purges that were made. */
export interface PurgeReport {
  /** Number of purges, each of one change. */
  purges: number;
  /** Number of cache tags that were sent to the cache. */
  tags: number;
  /** Milliseconds from a change to its purge, at most. */
  lag: number;
}

/** Options of {@linkcode Outbox.drainSettled}. */
export interface SettledOptions {
  /** Minimum age of a purge in milliseconds; 0 by default. */
  age?: number;
}

/** Options of {@linkcode Outbox.drainDue}. */
export interface DueOptions {
  /** True if the work is to end after the step that is under way. */
  stopped?: () => boolean;
}

/** Purges of one step. */
const STEP_PURGES = 100;

/** Deletes of made purges at once. */
const PARALLEL_DELETES = 8;

/** The lease on purges that are due: the limits of a cache are those of all processes. */
const LEASE = "purges";

/**
 * Purges that wait in the table. Each is made at least once, and deleted after that. Any number of processes may make
 * them at once, and each may crash at any moment.
 */
export class Outbox {
  readonly #context: Context;
  readonly #settled: SettledPurges;
  #oldest: number | undefined;

  /** The purges of the table of this context; `settled` are those of this process. */
  constructor(context: Context, settled: SettledPurges) {
    this.#context = context;
    this.#settled = settled;
  }

  /** Age in milliseconds of the oldest purge that the cache has not accepted; `undefined` if it has accepted all. */
  get oldestAge(): number | undefined {
    return this.#oldest === undefined ? undefined : Math.max(0, this.#context.now() - this.#oldest);
  }

  /** Sets the function that is called when a change of this process has taken effect and has left purges. */
  onSettled(wake: () => void): void {
    this.#settled.onAdd = wake;
  }

  /** True if a change of this process has taken effect whose purges wait. */
  get hasSettled(): boolean {
    return this.#settled.first(1).length > 0;
  }

  /**
   * Makes the purges of changes that took effect in this process at least `age` milliseconds ago.
   *
   * @throws The error of the target or of the table; the purges stay.
   */
  async drainSettled(target: PurgeTarget, { age = 0 }: SettledOptions = {}): Promise<PurgeReport> {
    const report = { purges: 0, tags: 0, lag: 0 };
    for (const purges of this.#steps(age)) {
      // Also those that are gone: another process has made them because they were due, maybe before the change.
      await this.#purge(target, purges.map(({ attributes }) => attributes), report);
      await this.#forgetSettled(purges);
    }
    return report;
  }

  /** Makes the purges of this process due at once: for a command, which leaves them to a process that serves. */
  async handOver(): Promise<void> {
    const { now, purges: { rules } = {} } = this.#context;
    const due = now() + (rules?.delay ?? 0);
    for (const purges of this.#steps(0)) {
      const items = purges.map(({ attributes: { tags, at } }) => purgeItem(tags, { at, due }));
      await this.#context.table.putMany(items);
      await this.#forgetSettled(purges);
    }
  }

  /**
   * Makes the purges that are due: the processes that left them have crashed, could not reach the cache, or are
   * commands. Ends at once if another process does this work.
   *
   * @throws Like {@linkcode drainSettled}.
   */
  async drainDue(target: PurgeTarget, { stopped = () => false }: DueOptions = {}): Promise<PurgeReport> {
    const report = { purges: 0, tags: 0, lag: 0 };
    let lease: Lease<Record<string, never>> | undefined;
    try {
      for (const shard of shuffled(PURGE_SHARDS)) {
        for await (const due of this.#duePages(shard)) {
          lease ??= await Lease.take(this.#context, LEASE, () => ({}));
          if (lease === undefined || stopped()) return report;
          await this.#purge(target, due.map((item) => stored<PurgeAttributes>(item)!.attributes), report);
          await this.#forget(due);
          if (!await lease.keep({})) return report;
        }
      }
      return report;
    } finally {
      await lease?.release({});
    }
  }

  /** Purges of this process that have settled by now, in steps. Each must be dropped before the next. */
  *#steps(age: number): Generator<PurgeItem[]> {
    for (let left = this.#settled.countOf(age); left > 0; left -= STEP_PURGES) {
      yield this.#settled.first(Math.min(left, STEP_PURGES));
    }
  }

  /** Purges of a shard that are due, the oldest first. */
  async *#duePages(shard: string): AsyncGenerator<Item[]> {
    const { table, now } = this.#context;
    for await (const items of queryPages(table, shard, { limit: STEP_PURGES })) {
      const due = items.filter((item) => dueTime(item) <= now());
      if (due.length > 0) yield due;
      if (due.length < items.length) return;
    }
  }

  async #purge(target: PurgeTarget, purges: PurgeAttributes[], report: PurgeReport): Promise<void> {
    const oldest = Math.min(...purges.map(({ at }) => at));
    this.#oldest = oldest;
    const tags = [...new Set(purges.flatMap(({ tags }) => tags))];
    for (let first = 0; first < tags.length; first += target.maxTags) {
      await target.purge(tags.slice(first, first + target.maxTags));
    }
    this.#oldest = undefined;
    report.purges += purges.length;
    report.tags += tags.length;
    report.lag = Math.max(report.lag, this.#context.now() - oldest);
  }

  async #forgetSettled(purges: PurgeItem[]): Promise<void> {
    const keys = purges.map(({ pk, sk }) => ({ pk, sk }));
    await this.#forget(await this.#context.table.getMany(keys, { consistent: true }));
    this.#settled.drop(purges.length);
  }

  /** Deletes purges that were made. After a crash before this they are made once more. */
  async #forget(items: (Item | undefined)[]): Promise<void> {
    const made = items.filter((item) => item !== undefined);
    await inParallel(made, PARALLEL_DELETES, async ({ pk, sk, version }) => {
      await this.#context.table.delete({ pk, sk }, { ifVersion: version });
    });
  }
}

/** Time from which on every process may make a purge, in milliseconds since the epoch. */
function dueTime(key: Key): number {
  return Number(partsOf("purge", key).due);
}
