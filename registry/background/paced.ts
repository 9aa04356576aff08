import type { Context } from "../protocol/mod.ts";
import { type LateLimits, Pace, type Share } from "./pace.ts";
import { spread } from "./spread.ts";

/** Stores for background work that gives way to requests. */
export interface Paced {
  /** Context of the work. Its calls pause if the table is behind a network. */
  context: Context;
  /** Pauses between two steps, unless each call does. */
  rest: () => Promise<void>;
  /** Maximum concurrent calls at the moment; `undefined` for a table in this process. */
  calls: () => number | undefined;
}

/**
 * Paces background work. In an embedded table a step of many items is cheapest, because they share commits. Over a
 * network, each call would wait in the store in front of those of requests, so there the pauses come after each call.
 */
export function paced(context: Context, late: LateLimits, lateness: () => number): Paced {
  const pace = new Pace(context, late);
  // Only tables in this process count their changes.
  if (context.table.changeCount !== undefined) {
    return { context, rest: () => pace.pause(lateness()), calls: () => undefined };
  }
  const share = (): Share => pace.share(lateness());
  return { context: spread(context, share), rest: () => Promise.resolve(), calls: () => share().calls };
}
