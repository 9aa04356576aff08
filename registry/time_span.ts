const UNITS: [string, number][] = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000], [
  "ms",
  1,
]];

/** Formats a duration as the configuration does, in the largest unit of which it is a whole number. */
export function formatSpan(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => milliseconds % length === 0)!;
  return `${milliseconds / length}${unit}`;
}

/** Text of a duration, rounded down to the largest unit that fits. */
export function formatAge(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => milliseconds >= length) ?? UNITS.at(-1)!;
  return `${Math.max(0, Math.floor(milliseconds / length))}${unit}`;
}
