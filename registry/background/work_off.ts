import { inParallel, type Item } from "../../storage/ports.ts";
import { type Context } from "../protocol/mod.ts";
import { Lease } from "./lease.ts";
import { paced } from "./paced.ts";

/**
 * Maximum items of one step. They are processed concurrently, so that their writes share SQLite's commits, which are
 * most of the cost of garbage collection there.
 */
const STEP_ITEMS = 32;

/** Items of one step at least, if there are as many. Over a network they are processed one after the other. */
const MIN_STEP_ITEMS = 8;

/** Limits of this work when it is late. */
const LATE = { leastPause: 0.5, mostCalls: STEP_ITEMS };

/** A part of a {@linkcode Backlog}. */
export interface Shard {
  /** Items that are due, the oldest first, in pages. */
  pages: AsyncIterable<Item[]>;
  /** Lease that prevents other processes from doing the same work; absent if they may. */
  lease?: string;
}

/** Work that waits in the order of time. */
export interface Backlog {
  /** Its parts, over the stores of the context that it is given. A step takes items of as many as it needs. */
  shards: (context: Context) => Shard[];
  /** Does the work for one item, over the stores of the context that it is given. */
  handle: (context: Context, item: Item) => Promise<unknown>;
  /** Ends a step, after all of its items. */
  endStep?: (context: Context) => Promise<void>;
  /** The time since when the item has been due, in milliseconds since the epoch. */
  dueSince: (item: Item) => number;
  /** True if the work is to end after the step that is under way. */
  stopped?: (() => boolean) | undefined;
}

/**
 * Processes due work in steps, with pauses that become shorter the later the oldest item is. So the work takes the
 * share of time that keeps its lateness constant, and a growing backlog raises the share. From half a grace period on
 * it takes two thirds of the time. Failed items do not delay the others. Answers the failures.
 *
 * Over a network, items are processed one at a time beside requests unless they are late.
 */
export async function workOff(context: Context, backlog: Backlog): Promise<unknown[]> {
  const { shards, handle, endStep = () => Promise.resolve(), dueSince, stopped = () => false } = backlog;
  const failures: unknown[] = [];
  let lateness = 0;
  const { context: work, rest, calls } = paced(context, LATE, () => lateness);
  const queues = shards(work).map((shard) => new ShardQueue(work, shard));
  if (stopped()) return failures;
  for (;;) {
    const width = calls() ?? STEP_ITEMS;
    const step = await nextStep(queues, Math.max(MIN_STEP_ITEMS, width));
    lateness = (context.now() - Math.min(...step.map(dueSince))) / (context.grace / 2);
    const failed = (error: unknown) => failures.push(error);
    await inParallel(step, width, async (item) => void await handle(work, item).catch(failed));
    await endStep(work).catch(failed);
    const isOver = step.length === 0 || stopped();
    for (const queue of queues) await queue.endStep(isOver);
    if (isOver) return failures;
    await rest();
  }
}

async function nextStep(queues: ShardQueue[], most: number): Promise<Item[]> {
  const step: Item[] = [];
  for (const queue of queues) {
    while (step.length < most) {
      const items = await queue.take(most - step.length);
      if (items.length === 0) break;
      step.push(...items);
    }
  }
  return step;
}

/** The items of a shard, and its lease from the first of them to the last. */
class ShardQueue {
  readonly #context: Context;
  readonly #name: string | undefined;
  readonly #pages: AsyncIterator<Item[]>;
  #items: Item[] = [];
  #lease: Lease<Record<string, never>> | undefined;
  #isOver = false;

  constructor(context: Context, { pages, lease }: Shard) {
    this.#context = context;
    this.#name = lease;
    this.#pages = pages[Symbol.asyncIterator]();
  }

  /** Next items, at most `most`; none at the end, or if another process works on the shard. */
  async take(most: number): Promise<Item[]> {
    while (this.#items.length === 0 && !this.#isOver) {
      const page = await this.#pages.next();
      if (page.done) this.#isOver = true;
      else if (page.value.length > 0 && await this.#hasLease()) this.#items = page.value;
    }
    return this.#items.splice(0, most);
  }

  async #hasLease(): Promise<boolean> {
    if (this.#name === undefined || this.#lease !== undefined) return true;
    this.#lease = await Lease.take(this.#context, this.#name, () => ({}));
    this.#isOver = this.#lease === undefined;
    return !this.#isOver;
  }

  /** Called after a step: renews the lease, or releases it at the end. */
  async endStep(isLast: boolean): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    if (isLast || (this.#isOver && this.#items.length === 0)) {
      this.#lease = undefined;
      await lease.release({});
    } else if (!await lease.keep({})) {
      // Another process has taken over the lease.
      this.#lease = undefined;
      this.#items = [];
      this.#isOver = true;
    }
  }
}

/** The shards, from another one on each time, so that no shard is always the last one and processes meet seldom. */
export function shuffled(shards: string[]): string[] {
  const first = Math.floor(Math.random() * shards.length);
  return [...shards.slice(first), ...shards.slice(0, first)];
}

/** Throws if single items have failed. The first failure is its cause. */
export function throwFailures(failures: unknown[], what: string): void {
  if (failures.length === 0) return;
  throw new AggregateError(failures, `Cannot ${what}: ${failures.length} failed`, { cause: failures[0] });
}
