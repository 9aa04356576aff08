import type { ObjectStore, Table } from "../../storage/ports.ts";
import type { Context } from "../protocol/mod.ts";

/** Longest pause after one call, in milliseconds. */
const MAX_PAUSE_MS = 1000;

/**
 * The context with stores that pause after each call for `factor()` times as long as the call took. A request beside
 * this work then meets little of it at any moment, where a pause after many calls would let some requests meet all of
 * them.
 */
export function spread(context: Context, factor: () => number): Context {
  const { now, sleep } = context;
  // Calls may take less than the clock can tell.
  let owed = 0;
  const paced = <T extends object>(store: T) =>
    new Proxy(store, {
      get(target, name) {
        const member = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          const began = now();
          try {
            return await member.apply(target, args);
          } finally {
            owed += factor() * Math.max(0, now() - began);
            const due = Math.min(MAX_PAUSE_MS, owed);
            if (due >= 1) {
              owed = 0;
              await sleep(due);
            }
          }
        };
      },
    });
  return { ...context, objects: paced<ObjectStore>(context.objects), table: paced<Table>(context.table) };
}
