/** Milliseconds that the clocks of two processes may differ by. */
export const CLOCK_SKEW_MS: number = 5 * 60_000;

/** Assumed difference between clocks in milliseconds: an eighth of a short grace period. */
export function skewOf({ grace }: { grace: number }): number {
  return Math.min(CLOCK_SKEW_MS, grace / 8);
}
