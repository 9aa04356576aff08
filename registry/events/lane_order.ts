import { historyOf, partsOf } from "../items/mod.ts";
import type { LaneIntent, LaneTarget } from "./verdict.ts";

/** Made intents of a lane, each event once, in the order of their changes. */
export function inOrder(lane: LaneIntent[], target: LaneTarget): LaneIntent[] {
  const made = lane.filter(({ verdict }) => verdict === "made");
  const starts = new Map<string, number>();
  for (const intent of made) {
    const history = historyIn(intent);
    starts.set(history, Math.min(starts.get(history) ?? Infinity, timeOf(intent)));
  }
  // The present history of a tag is the last one, whatever the clocks of the processes say.
  if (target?.attributes.moves !== undefined) starts.set(historyOf(target.attributes).id, Infinity);
  const sorted = made.toSorted((one, other) => {
    const [before, after] = [starts.get(historyIn(one))!, starts.get(historyIn(other))!];
    if (before !== after) return before < after ? -1 : 1;
    return placeOf(one) - placeOf(other) || timeOf(one) - timeOf(other);
  });
  // Of two deletes of one history the one that knows more moves was made. Of other intents of one change the earliest
  // counts: a later one may come after the intent of the next move.
  const isBetter = (one: LaneIntent, i: number, other: LaneIntent, j: number) =>
    placeOf(one) > placeOf(other) || placeOf(one) === placeOf(other) && i < j;
  return sorted.filter((intent, i) =>
    !sorted.some((other, j) => idOf(other) === idOf(intent) && isBetter(other, j, intent, i))
  );
}

/** History of a tag; empty for other lanes. */
function historyIn({ item: { attributes: { change } } }: LaneIntent): string {
  return "history" in change ? change.history : "";
}

/** Place in the history of a tag: the number of the move, and after the last one the end. */
function placeOf({ item: { attributes: { change } } }: LaneIntent): number {
  if (!("number" in change)) return 0;
  return change.kind === "tag.delete" ? change.number + 0.5 : change.number;
}

function timeOf({ item }: LaneIntent): number {
  return Number(partsOf("event", item).time);
}

function idOf({ item }: LaneIntent): string {
  return partsOf("event", item).id;
}
