import type { BoundedCount } from "../../../../api/mod.ts";

/** Text that clients have pushed, and numbers, as a page shows them. */

/** Characters that reorder or hide the text around them, and control characters except tabs and line breaks. */
const INVISIBLE = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|(?![\t\n\r])\p{Cc}/gu;

/** Maximum characters of one value that a page shows. */
const MAX_CHARACTERS = 400;

/**
 * Text of a client, safe to show among other text: control characters and those that change the direction of the text
 * become visible as `\u202e`, and long text is cut.
 */
export function plain(text: string, maxCharacters = MAX_CHARACTERS): string {
  return visible(text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text);
}

/** Text with its invisible characters written as escapes. */
export function visible(text: string): string {
  return text.toWellFormed().replace(INVISIBLE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Size with three significant digits, such as `12.4 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

const COUNT = new Intl.NumberFormat("en");

/** Count with separators, such as `10,000`. */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** Units of an age: seconds in one, and the largest count before the next. */
const AGES: readonly [seconds: number, name: string][] = [
  [31_556_952, "year"],
  [2_629_746, "month"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/** Time between two moments in words, such as `3 days ago`; both in milliseconds since the epoch. */
export function formatAge(at: number, now: number): string {
  const seconds = Math.floor(Math.abs(now - at) / 1000);
  for (const [size, name] of AGES) {
    const count = Math.floor(seconds / size);
    if (count === 0) continue;
    const words = `${count} ${name}${count === 1 ? "" : "s"}`;
    return at <= now ? `${words} ago` : `in ${words}`;
  }
  return at <= now ? "just now" : "in a moment";
}

/** A digest short enough for a table: its algorithm only if it is not SHA-256, and the first twelve digits. */
export function shortDigest(digest: string): string {
  const [algorithm, encoded = ""] = digest.split(":", 2);
  const short = encoded.slice(0, 12);
  return algorithm === "sha256" ? short : `${algorithm}:${short}`;
}

/** `1 tag`, `2 tags`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : many}`;
}

/** Count up to a limit, with its noun. */
export function bounded({ count, more }: BoundedCount, noun: string): string {
  return more ? `${formatCount(count)}+ ${noun}s` : plural(count, noun);
}
