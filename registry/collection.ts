import type { Key } from "../storage/table/table.ts";
import { collect } from "./collect.ts";
import type { Context } from "./context.ts";
import { stored } from "./items.ts";
import type { Removal } from "./removal.ts";

/** How far the processes of a registry have come with a collection, so that one goes on where another has stopped. */
type ProgressAttributes = {
  /** When the collection was begun. */
  startedAt: number;
  /** What it goes on behind; absent at its beginning and when it is done. */
  after?: { pk: string; sk: string };
  done: boolean;
  /** Until when one process alone goes on with it, if it lives so long. */
  claimedUntil: number;
};

const PROGRESS: Key = { pk: "collection", sk: "progress" };

/** Milliseconds for which a process claims a collection at a time. */
const CLAIM = 60_000;

/** Items of a step: nobody who asks at the same time waits for more than these. */
const STEP = 20;

/** A pause after each step is so many times as long as the step: requests come first, where there are any. */
const PAUSE_FACTOR = { idle: 1, busy: 10 };

/** How to go on with a collection. */
export interface CollectionOptions {
  /** Milliseconds from the beginning of one collection to the next. */
  interval: number;
  /** Milliseconds after which this process goes on no more, for now. */
  budget: number;
  /** Told of all that goes. */
  removed: (removal: Removal) => void;
  /** Runs when all has been seen, in the process that has seen the last of it. */
  finished?: () => Promise<void>;
  /** Whether to stop after the step that is under way. */
  stopped?: () => boolean;
}

/**
 * Goes on with the collection that all processes of the registry do together, or begins the next one where it is due.
 * Answers whether there is nothing to do before the next one, or somebody else does it.
 *
 * Several at once would do no harm, but the same work: the claim is no lock.
 */
export async function continueCollection(context: Context, options: CollectionOptions): Promise<boolean> {
  const { interval, budget, removed, stopped = () => false } = options;
  const began = context.now();
  const known = stored<ProgressAttributes>(await context.table.get(PROGRESS, { consistent: true }));
  if (known !== undefined && !isDue(known.attributes, interval, began)) return true;
  const { startedAt, after: resumed } = known === undefined || known.attributes.done
    ? { startedAt: began, after: undefined }
    : known.attributes;
  let version = known?.version;

  const save = async (after: Key | undefined, claimedUntil: number, done = false): Promise<boolean> => {
    const place = after === undefined ? {} : { after: { pk: after.pk, sk: after.sk } };
    const attributes: ProgressAttributes = { startedAt, ...place, done, claimedUntil };
    const condition = version === undefined ? { ifAbsent: true as const } : { ifVersion: version };
    version = await context.table.put({ ...PROGRESS, attributes }, condition);
    return version !== undefined;
  };

  let claimedUntil = began + CLAIM;
  let asked = context.asked.count;
  if (!await save(resumed, claimedUntil)) return true;
  for (let after = resumed;;) {
    const start = context.now();
    const step = await collect(context, { limit: STEP, ...(after && { after }) });
    for (const removal of step.removals) removed(removal);
    after = step.next;
    if (after === undefined) {
      await save(undefined, 0, true);
      await options.finished?.();
      return true;
    }
    const now = context.now();
    if (now - began >= budget || stopped()) {
      await save(after, 0);
      return false;
    }
    // Not after each step: how far it has come is worth little more than what one step costs.
    if (claimedUntil - now < CLAIM / 2 && !await save(after, claimedUntil = now + CLAIM)) return true;
    const factor = context.asked.count > asked ? PAUSE_FACTOR.busy : PAUSE_FACTOR.idle;
    asked = context.asked.count;
    await context.sleep(Math.max(1, factor * (now - start)));
  }
}

/** Whether a collection is to be begun, or to be gone on with. */
function isDue(
  { startedAt, done, claimedUntil }: ProgressAttributes,
  interval: number,
  now: number,
): boolean {
  return done ? startedAt + interval <= now : claimedUntil <= now;
}
