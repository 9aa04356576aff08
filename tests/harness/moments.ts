/**
 * Processes that die at one of their storage calls, or in the middle of which another process acts.
 *
 * @module
 */
import type { ObjectStore, Table } from "../../storage/mod.ts";
import { hooked } from "./stores.ts";

/** True if something happens ahead of a call, or when it is done but has not answered yet. */
export type Moment = "before" | "after";

/** A storage call: the how manyth it is, from 1, or the first one of a method. */
export type Call = number | string;

/** Two stores, which a process has. */
interface Stores {
  objects: ObjectStore;
  table: Table;
}

/** Stores as one process sees them, and whether it came as far as the call that they were made for. */
export interface WatchedStores extends Stores {
  isReached: () => boolean;
}

/** Stores of a process that dies at its storage call `at`: it makes no more calls, not even to clean up. */
export function dyingStores(stores: Stores, at: Call, moment: Moment = "before"): WatchedStores {
  return watched(stores, at, moment, (_now, reached) => {
    if (reached) throw new Error("died");
  });
}

/** Stores of a process in whose storage call `at` something happens `meanwhile`. */
export function interruptedStores(
  stores: Stores,
  at: Call,
  moment: Moment,
  meanwhile: () => Promise<unknown>,
): WatchedStores {
  return watched(stores, at, moment, async (now) => {
    if (now) await meanwhile();
  });
}

/** Calls `step` before each call and after it, with whether it is the moment now, and whether that has been reached. */
function watched(
  { objects, table }: Stores,
  at: Call,
  moment: Moment,
  step: (now: boolean, reached: boolean) => void | Promise<void>,
): WatchedStores {
  let calls = 0;
  let reached = false;
  const point = (mayBeNow: boolean) => (method: string) => {
    const now = mayBeNow && !reached && (++calls === at || method === at);
    reached ||= now;
    return step(now, reached);
  };
  const watch = <T extends object>(store: T) =>
    hooked(store, point(moment === "before"), point(moment === "after"));
  return { objects: watch(objects), table: watch(table), isReached: () => reached };
}
