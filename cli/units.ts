const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Spans of time, each with its milliseconds, from the longest. */
const SPANS = [["y", 31_557_600_000], ["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], [
  "s",
  1000,
]] as const;

/** Bytes in words: `0 B`, `1.5 KiB`, `23 MiB`. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  // 1023.6 would be written as 1024.
  while (unit < UNITS.length - 1 && (unit === 0 ? value >= 1024 : Math.round(value) >= 1024)) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit]}`;
}

/** Age of a time: `5m`, `3h`, `12d`, `2y`; `0s` for one in the future. */
export function formatAge(time: string, now: number): string {
  const age = Math.max(0, now - Date.parse(time));
  const [unit, span] = SPANS.find(([, span]) => age >= span) ?? SPANS.at(-1)!;
  return `${Math.floor(age / span)}${unit}`;
}

/** Number of things that are counted up to a limit: `12`, `1000+`. */
export function formatCount({ count, more }: { count: number; more: boolean }): string {
  return more ? `${count}+` : `${count}`;
}
