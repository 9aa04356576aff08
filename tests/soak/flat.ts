/** A number at a time. */
export interface Point {
  /** Seconds since the beginning. */
  at: number;
  value: number;
}

/** A series is flat while the median of its last half is at most so many times that of its first half. */
const MAX_GROWTH_FACTOR = 1.5;

/**
 * The reason why a series is not flat; `undefined` for a flat one. Only points after the warm-up count, in seconds: until
 * then the grace period keeps everything. `slack` is added to what is allowed, for series so small that chance moves them.
 */
export function growthOf(
  points: Point[],
  { warmUp, slack }: { warmUp: number; slack: number },
): string | undefined {
  const settled = points.filter(({ at }) => at >= warmUp).map(({ value }) => value);
  if (settled.length < 4) return `only ${settled.length} samples after the warm-up of ${warmUp} s`;
  const half = settled.length >> 1;
  const [first, last] = [median(settled.slice(0, half)), median(settled.slice(-half))];
  if (last <= first * MAX_GROWTH_FACTOR + slack) return undefined;
  return `it grew from ${first.toFixed(2)} to ${last.toFixed(2)}`;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
