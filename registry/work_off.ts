import type { Item } from "../storage/table/table.ts";
import type { Context } from "./context.ts";
import { Lease } from "./lease.ts";
import { Pace } from "./pace.ts";
import { forEachOf } from "./parallel.ts";

/** Items of one step, which are worked on at the same time. */
const STEP = 8;

/** Work that waits in the order of time. */
export interface Backlog {
  /** Items that are due, the oldest first, in pages. */
  pages: AsyncIterable<Item[]>;
  /** The lease that keeps other processes from the same work; absent where they may meet. */
  lease?: string;
  /** Does the work for one item. */
  settle: (item: Item) => Promise<unknown>;
  /** The time since when the item has been due, in milliseconds since the epoch. */
  dueSince: (item: Item) => number;
  /** True if the work is to end after the step that is under way. */
  stopped?: (() => boolean) | undefined;
}

/**
 * Works off what is due, in steps with pauses that are the shorter the later the oldest item is: half a grace period late,
 * there are none. Items that fail do not keep the others waiting. Answers the failures.
 */
export async function workOff(context: Context, backlog: Backlog): Promise<unknown[]> {
  const { pages, settle, dueSince, stopped = () => false } = backlog;
  const failures: unknown[] = [];
  const pace = new Pace(context);
  let lease: Lease<Record<string, never>> | undefined;
  for await (const page of pages) {
    if (page.length === 0) continue;
    if (backlog.lease !== undefined) {
      lease ??= await Lease.take(context, backlog.lease, () => ({}));
      if (lease === undefined) return failures;
    }
    for (let at = 0; at < page.length; at += STEP) {
      const step = page.slice(at, at + STEP);
      const late = context.now() - dueSince(step[0]!);
      await forEachOf(step, STEP, async (item) => {
        await settle(item).catch((error) => failures.push(error));
      });
      if (lease !== undefined && !await lease.keep({})) return failures;
      if (stopped()) break;
      await pace.pause(late / (context.grace / 2));
    }
    if (stopped()) break;
  }
  await lease?.release({});
  return failures;
}

/** The shards, from another one on each time, so that no shard is always the last one and processes meet seldom. */
export function shuffled(shards: string[]): string[] {
  const first = Math.floor(Math.random() * shards.length);
  return [...shards.slice(first), ...shards.slice(0, first)];
}

/** Throws where single items have failed. The first failure is its cause. */
export function throwFailures(failures: unknown[], what: string): void {
  if (failures.length === 0) return;
  throw new AggregateError(failures, `Cannot ${what}: ${failures.length} failed`, { cause: failures[0] });
}
