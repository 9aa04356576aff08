/** Milliseconds that the clocks of two processes may differ by. */
export const CLOCK_SKEW_MS: number = 5 * 60_000;
