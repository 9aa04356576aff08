/** Milliseconds that the clocks of two processes may differ by. */
export const CLOCK_SKEW_MS: number = 5 * 60_000;

/** Milliseconds that clocks may differ by: where the grace period is short, an eighth of it. */
export function skewOf({ grace }: { grace: number }): number {
  return Math.min(CLOCK_SKEW_MS, grace / 8);
}
