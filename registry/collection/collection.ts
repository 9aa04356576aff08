import { ifUnchanged, type Key, RefusedPlaceError, Tasks } from "../../storage/ports.ts";
import { collect } from "./collect.ts";
import { type Context, skewOf } from "../protocol/mod.ts";
import { stored } from "../items/mod.ts";
import { COLLECTION, leaseKey, SEGMENT_CUTS } from "../items/mod.ts";
import { Lease, type Paced, paced, throwFailures } from "../background/mod.ts";
import type { Removal } from "../removal.ts";

/** A full pass that all processes of a registry do together. */
type PassAttributes = {
  /** Start of the pass, which also identifies it. */
  startedAt: number;
  done: boolean;
  /** Number of items that the last pass checked; absent before the end of the first one. */
  expected?: number;
};

/** Segment of a pass, which another process can continue. */
type SegmentState = {
  /** The pass that this is of. */
  startedAt: number;
  /** Item after which it continues; absent at its start and at its end. */
  after?: { pk: string; sk: string };
  /** Number of checked items. */
  items: number;
  done: boolean;
};

const PASS: Key = leaseKey("pass");

const SEGMENT_PREFIX = "segment#";

/** Segments of a pass, and so the maximum of processes that share one. */
const SEGMENTS = 16;

/** Items of a step. */
const STEP_ITEMS = 20;

/** Maximum segments that one process works on at once, if a pass is late. */
const MAX_WORKERS = 4;

/** Limits of a pass that is late: only crashes leave what waits for it. */
const LATE = { leastPause: 8 };

/** The part of its interval in which a pass is to end. */
const TARGET_SHARE = 0.8;

/** A pass that is behind its target by this part of itself makes the shortest pauses. */
const LATE_SHARE = 0.1;

/** Progress of a full pass. */
export interface PassProgress {
  /** Start of the pass, in milliseconds since the epoch. */
  startedAt: number;
  /** Number of items checked by all processes. */
  items: number;
  /** The part of the pass that is done, from 0 to 1. */
  done: number;
  /** Milliseconds from the beginning of the pass to its end, at the rate until now. */
  estimate: number;
}

/** Options of a full pass. */
export interface CollectionOptions {
  /** Milliseconds from the beginning of one pass to the next. */
  interval: number;
  /** Milliseconds after which this process stops for now. */
  budget: number;
  /** Called for each removal. */
  removed: (removal: Removal) => void;
  /** Called from time to time with the progress. */
  progressed?: (progress: PassProgress) => void;
  /** Runs when all has been seen, in the process that has seen the last of it. */
  finished?: () => Promise<void>;
  /** True if the work is to end after the step that is under way. */
  stopped?: () => boolean;
}

/**
 * Continues the full pass that all processes share, or starts the next one if it is due. Answers true if nothing
 * remains before the next pass, or other processes do the rest.
 *
 * @throws {AggregateError} with the failures of single items, after all others were checked.
 */
export async function continueCollection(context: Context, options: CollectionOptions): Promise<boolean> {
  const pass = await currentPass(context, options.interval);
  if (pass === undefined) return true;
  return await new FullPass(context, pass, options).run();
}

/** The pass that is to be worked on; `undefined` until the next one is due. */
async function currentPass(context: Context, interval: number): Promise<PassAttributes | undefined> {
  const known = stored<PassAttributes>(await context.table.get(PASS, { consistent: true }));
  const now = context.now();
  if (known !== undefined && !known.attributes.done) return known.attributes;
  if (known !== undefined && !isDue(context, known.attributes, interval)) return undefined;
  const { expected } = known?.attributes ?? {};
  const next: PassAttributes = { startedAt: now, done: false, ...(expected !== undefined && { expected }) };
  const begun = await context.table.put({ ...PASS, attributes: next }, ifUnchanged(known));
  if (begun !== undefined) return next;
  // Another process has started it.
  return stored<PassAttributes>(await context.table.get(PASS, { consistent: true }))?.attributes;
}

/** True if the next pass is to begin. A beginning that no right clock can have written does not count. */
function isDue(context: Context, { startedAt }: PassAttributes, interval: number): boolean {
  const now = context.now();
  return startedAt + interval <= now || startedAt > now + skewOf(context);
}

/** The work of one process on a pass. */
class FullPass {
  readonly #context: Context;
  readonly #pass: PassAttributes;
  readonly #options: CollectionOptions;
  readonly #began: number;
  /** Segments that no worker of this process has tried to take yet. */
  readonly #left: number[];
  readonly #workers = new Tasks();
  #lookedAt: number;
  #lateness = 0;
  #isStopped = false;
  /** Errors of single items. */
  readonly #failures: unknown[] = [];

  constructor(context: Context, pass: PassAttributes, options: CollectionOptions) {
    this.#context = context;
    this.#pass = pass;
    this.#options = options;
    this.#began = context.now();
    this.#lookedAt = this.#began;
    // Each process begins at another one, so that they meet seldom.
    const first = Math.floor(Math.random() * SEGMENTS);
    this.#left = Array.from({ length: SEGMENTS }, (_, i) => (first + i) % SEGMENTS);
  }

  async run(): Promise<boolean> {
    await this.#look();
    this.#startWorker();
    await this.#workers.fewerThan(1);
    this.#workers.throwFailure();
    if (!this.#isStopped) await this.#endPass();
    throwFailures(this.#failures, "remove some items in the full pass");
    return !this.#isStopped;
  }

  #startWorker(): void {
    const failed = (error: unknown) => {
      this.#isStopped = true; // The others end after their steps.
      throw error;
    };
    this.#workers.add(this.#work().catch(failed));
  }

  /** Works on segments that no other process works on, until all are done. */
  async #work(): Promise<void> {
    const { startedAt } = this.#pass;
    const pace = paced(this.#context, LATE, () => this.#lateness);
    while (!this.#isStopped) {
      const number = this.#left.shift();
      if (number === undefined) return;
      const lease = await Lease.take<SegmentState>(
        this.#context,
        SEGMENT_PREFIX + number,
        (known) => {
          if (known?.startedAt !== startedAt) return { startedAt, items: 0, done: false };
          return known.done ? undefined : known;
        },
      );
      if (lease !== undefined) await this.#workOn(number, lease, pace);
    }
  }

  async #workOn(number: number, lease: Lease<SegmentState>, pace: Paced): Promise<void> {
    const segment = { number, of: SEGMENTS, cuts: SEGMENT_CUTS };
    const saved = lease.state.after;
    for (let { after, items } = lease.state;;) {
      const step = await collect(pace.context, { segment, limit: STEP_ITEMS, ...(after && { after }) })
        .catch((error) => {
          if (after !== saved || !(error instanceof RefusedPlaceError)) throw error;
        });
      if (step === undefined) {
        // The place is from another table, whose backup was restored here: its segments were other ones.
        [after, items] = [undefined, 0];
        continue;
      }
      for (const removal of step.removals) this.#options.removed(removal);
      this.#failures.push(...step.failures);
      const { startedAt } = this.#pass;
      items += step.items;
      if (step.next === undefined) {
        await lease.release({ startedAt, items, done: true });
        return await this.#rest(pace);
      }
      after = { pk: step.next.pk, sk: step.next.sk };
      const state: SegmentState = { startedAt, after, items, done: false };
      if (this.#mustStop()) return void await lease.release(state);
      if (!await lease.keep(state)) return;
      await this.#rest(pace);
    }
  }

  /** Pauses between two steps, or takes more workers, by how late the pass is. */
  async #rest(pace: Paced): Promise<void> {
    await this.#look();
    const hasMore = this.#workers.size < MAX_WORKERS && this.#left.length > 0;
    if (this.#lateness >= 1 && hasMore) this.#startWorker();
    await pace.rest();
  }

  #mustStop(): boolean {
    const { budget, stopped } = this.#options;
    this.#isStopped ||= this.#context.now() - this.#began >= budget || stopped?.() === true;
    return this.#isStopped;
  }

  /** Looks now and then how far all processes have come, and by how much that is behind. */
  async #look(): Promise<void> {
    const now = this.#context.now();
    const { interval, progressed } = this.#options;
    // A hundred times in an interval, but not more often than a process saves its own progress.
    if (now > this.#began && now - this.#lookedAt < Math.min(interval / 100, 30_000)) return;
    this.#lookedAt = now;
    const { startedAt, expected } = this.#pass;
    const segments = await this.#segments();
    const items = segments.reduce((sum, segment) => sum + segment.items, 0);
    const ended = segments.filter(({ done }) => done).length / SEGMENTS;
    // Segments need not be equal, so the last pass is the better measure.
    const done = expected === undefined
      ? ended
      : Math.max(ended, Math.min(0.99, items / Math.max(1, expected)));
    const elapsed = now - startedAt;
    this.#lateness = (elapsed / (interval * TARGET_SHARE) - done) / LATE_SHARE;
    progressed?.({ startedAt, items, done, estimate: done === 0 ? Infinity : elapsed / done });
  }

  async #segments(): Promise<SegmentState[]> {
    const query = { prefix: SEGMENT_PREFIX, limit: SEGMENTS, consistent: true };
    const items = await this.#context.table.query(COLLECTION, query);
    return items.map((item) => item.attributes as SegmentState)
      .filter(({ startedAt }) => startedAt === this.#pass.startedAt);
  }

  /** Ends the pass, if no other process works on a segment of it. */
  async #endPass(): Promise<void> {
    const segments = await this.#segments();
    if (segments.filter(({ done }) => done).length < SEGMENTS) return;
    const known = stored<PassAttributes>(await this.#context.table.get(PASS, { consistent: true }));
    const { startedAt } = this.#pass;
    if (known === undefined || known.attributes.done || known.attributes.startedAt !== startedAt) return;
    const expected = segments.reduce((sum, { items }) => sum + items, 0);
    const attributes: PassAttributes = { startedAt, done: true, expected };
    const ended = await this.#context.table.put({ ...PASS, attributes }, { ifVersion: known.version });
    if (ended !== undefined) await this.#options.finished?.();
  }
}
