import type { ObjectStore, Table } from "../../storage/ports.ts";
import { type Context, Turns } from "../protocol/mod.ts";
import type { Share } from "./pace.ts";

/** Longest pause after one call, in milliseconds: far below the deadline of a protocol's writes. */
const MAX_PAUSE_MS = 1000;

/**
 * The context with stores that take `share().calls` calls at once from all background work of the process, and that pause
 * after each call for `share().pause` times as long as the call took. A request beside this work then meets little of it
 * at any moment, where a pause after many calls would let some requests meet all of them.
 */
export function spread(context: Context, share: () => Share): Context {
  const { now, sleep, turns } = context;
  const own = new Turns();
  const width = () => share().calls;
  // Calls may take less than the clock can tell.
  let owed = 0;
  const paced = <T extends object>(store: T) =>
    new Proxy(store, {
      get(target, name) {
        const member = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          await own.take(width);
          await turns.take(width);
          const began = now();
          try {
            return await member.apply(target, args);
          } finally {
            turns.leave();
            owed += share().pause * Math.max(0, now() - began);
            const due = Math.min(MAX_PAUSE_MS, owed);
            if (due >= 1) {
              owed = 0;
              await sleep(due);
            }
            own.leave();
          }
        };
      },
    });
  return { ...context, objects: paced<ObjectStore>(context.objects), table: paced<Table>(context.table) };
}
