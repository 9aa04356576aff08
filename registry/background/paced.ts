import type { Context } from "../protocol/mod.ts";
import { type LateLimits, Pace, type Share } from "./pace.ts";
import { grouped } from "./grouped.ts";
import { spread } from "./spread.ts";

/** Stores for background work that gives way to requests. */
export interface Paced {
  /** Context of the work: its writes pause, or all of its calls if the table is behind a network. */
  context: Context;
  /** Pauses between two steps, unless each call does. */
  rest: () => Promise<void>;
  /** Maximum concurrent calls at the moment; `undefined` for a table in this process. */
  calls: () => number | undefined;
}

/**
 * Paces background work. In an embedded table a step of many items is cheapest, because they share commits, and pauses
 * come after each group of writes, and after a step for its reads. Over a network, each call would wait in the store in
 * front of those of requests, so there the pauses come after each call.
 */
export function paced(context: Context, late: LateLimits, lateness: () => number): Paced {
  const pace = new Pace(context, late);
  const share = (): Share => pace.share(lateness());
  // Only tables in this process count their changes.
  if (context.table.changeCount !== undefined) {
    const { context: work, takeSpent } = grouped(context, share);
    return { context: work, rest: () => pace.pause(lateness(), takeSpent()), calls: () => undefined };
  }
  return { context: spread(context, share), rest: () => Promise.resolve(), calls: () => share().calls };
}
