/**
 * Clock in milliseconds that never goes back: adds up the forward steps of `now`. `Date.now` costs a third of
 * `performance.now`, and includes the time in which the machine is suspended.
 */
export function steadyClock(now: () => number = Date.now): () => number {
  let last = now();
  let passed = 1;
  return () => {
    const present = now();
    passed += Math.max(0, present - last);
    last = present;
    return passed;
  };
}
