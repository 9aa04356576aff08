import { CLOCK_SKEW_MS } from "../../storage/start.ts";

/** Assumed difference between clocks in milliseconds: an eighth of a short grace period. */
export function skewOf({ grace }: { grace: number }): number {
  return Math.min(CLOCK_SKEW_MS, grace / 8);
}
