/** Tag and the time of its push. */
export type Pushed = { tag: string; at: number };

/** True if `a` was pushed after `b`. At the same time the tag that sorts later wins. */
function isLater(a: Pushed, b: Pushed): boolean {
  return a.at === b.at ? a.tag > b.tag : a.at > b.at;
}

/** Adds a tag to the `count` that were pushed last, sorted by time, latest first, if it belongs there. */
export function addNewest(newest: Pushed[], count: number, pushed: Pushed): void {
  if (newest.length === count && !isLater(pushed, newest.at(-1)!)) return;
  let [from, to] = [0, newest.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isLater(newest[middle]!, pushed)) from = middle + 1;
    else to = middle;
  }
  newest.splice(from, 0, pushed);
  if (newest.length > count) newest.pop();
}

/** True if a tag is one of the `count` that were pushed last, or was pushed after them. */
export function isNewest(newest: Pushed[], count: number, pushed: Pushed): boolean {
  return newest.length < count || !isLater(newest.at(-1)!, pushed);
}
