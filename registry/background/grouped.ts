import type { ObjectStore, Table } from "../../storage/ports.ts";
import type { Context } from "../protocol/mod.ts";
import type { Share } from "./pace.ts";

/** Longest pause after a group, in milliseconds: far below the deadline of a protocol's writes. */
const MAX_PAUSE_MS = 500;

/** Maximum writes of a group beside requests, if the work is on time: they share a commit. */
const GROUP_WRITES = 16;

/** A pause as long as this many groups, or longer, is for work that is on time. */
const FULL_PAUSE = 8;

const WRITES: ReadonlySet<string | symbol> = new Set(["put", "putMany", "delete"]);

/** A write that waits for its group. */
interface Waiting {
  begin: () => void;
  ended: Promise<unknown>;
}

/** Context of {@linkcode grouped}. */
export interface Grouped {
  /** The context with stores whose writes come in groups. */
  context: Context;
  /** Milliseconds of groups and their pauses since the last call. */
  takeSpent: () => number;
}

/**
 * The context with stores that make writes in small groups, with a pause of `share().pause` times as long as the group
 * after each. Writes of a group share a commit, which is most of their cost in an embedded table. A push beside this work
 * makes several commits, and waits for one group at most, where a pause after many groups would let some pushes wait for
 * a group at each of their commits.
 */
export function grouped(context: Context, share: () => Share): Grouped {
  const { now, sleep } = context;
  let waiting: Waiting[] = [];
  /** Start of the time that was not taken yet; absent while no write waits and no pause lasts. */
  let runningSince: number | undefined;
  let spent = 0;
  // Groups may take less than the clock can tell.
  let owed = 0;

  async function run(): Promise<void> {
    runningSince = now();
    while (waiting.length > 0) {
      const began = now();
      const group = waiting.slice(0, share().pause >= FULL_PAUSE ? GROUP_WRITES : waiting.length);
      waiting = waiting.slice(group.length);
      for (const { begin } of group) begin();
      await Promise.allSettled(group.map(({ ended }) => ended));
      owed = Math.min(MAX_PAUSE_MS, owed + share().pause * Math.max(0, now() - began));
      if (owed < 1) continue;
      const pause = owed;
      owed = 0;
      await sleep(pause);
    }
    spent += Math.max(0, now() - runningSince);
    runningSince = undefined;
  }

  const inGroups = <T extends object>(store: T) =>
    new Proxy(store, {
      get(target, name) {
        const member = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (!WRITES.has(name)) return member.bind(target);
        return (...args: unknown[]) => {
          const { promise, resolve: begin } = Promise.withResolvers<void>();
          const ended = promise.then(() => member.apply(target, args));
          waiting.push({ begin, ended });
          if (runningSince === undefined) void run();
          return ended;
        };
      },
    });
  return {
    context: {
      ...context,
      objects: inGroups<ObjectStore>(context.objects),
      table: inGroups<Table>(context.table),
    },
    takeSpent() {
      const isRunning = runningSince !== undefined;
      const taken = spent + (isRunning ? Math.max(0, now() - runningSince!) : 0);
      spent = 0;
      if (isRunning) runningSince = now();
      return taken;
    },
  };
}
