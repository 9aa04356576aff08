import * as z from "zod/mini";

/** A kind of value: how it is read and how the documentation speaks of it. */
export interface Kind<T> {
  /** Reads what the environment (always text) or the file (text, number, true or false) gives. */
  schema: z.ZodMiniType<T, unknown>;
  /** For the table of docs/configuration.md. */
  type: string;
}

/** A kind whose values are read from their text by `read`, which answers `undefined` for what is not `expected`. */
function kind<T>(type: string, expected: string, read: (text: string) => T | undefined): Kind<T> {
  const schema = z.pipe(
    z.unknown(),
    z.transform((input, context): T => {
      // The text of a list or a map could pass for a value.
      const value = typeof input === "object" ? undefined : read(String(input));
      if (value !== undefined) return value;
      const message = `Expected ${expected}, got ${clip(JSON.stringify(input) ?? "nothing")}`;
      context.issues.push({ code: "custom", message, input });
      return z.NEVER;
    }),
  );
  return { schema, type };
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Any text but none. */
export const text: Kind<string> = kind("text", "text", (text) => text === "" ? undefined : text);

const SWITCH = new Map([["on", true], ["true", true], ["1", true], ["off", false], ["false", false], [
  "0",
  false,
]]);

/** On or off. */
export const toggle: Kind<boolean> = kind(
  "`on` or `off`",
  '"on" or "off"',
  (text) => SWITCH.get(text.toLowerCase()),
);

/** A TCP port. */
export const port: Kind<number> = kind("port", "a port from 0 to 65535", (text) => {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
});

/** One of these words. */
export function oneOf<const W extends string>(...words: W[]): Kind<W> {
  const list = (quote: string) => words.map((word) => quote + word + quote).join(", ");
  return kind(list("`"), `one of ${list('"')}`, (text) => words.find((word) => word === text));
}

const DURATION_UNIT = new Map([["ms", 1], ["s", 1000], ["m", 60_000], ["h", 3_600_000], ["d", 86_400_000]]);

/** A time span in milliseconds, from `min` on; "0" only where `min` is 0. */
export function duration(min: "0" | "1ms" | "1s"): Kind<number> {
  const expected = `a duration of at least ${min}, such as "90s", "15m" or "24h"`;
  return kind("duration", expected, (text) => bounded(readDuration(text), readDuration(min)!, 2 ** 48));
}

function readDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const [, count, unit] = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * DURATION_UNIT.get(unit!)!;
}

const SIZE_UNIT = new Map([["", 1], ["B", 1], ["KiB", 2 ** 10], ["MiB", 2 ** 20], ["GiB", 2 ** 30], [
  "TiB",
  2 ** 40,
]]);

/** A size in bytes, from `min` to `max`. */
export function size(min: string, max: string): Kind<number> {
  const expected = `a size from ${min} to ${max}, such as "512KiB", "4MiB" or a number of bytes`;
  return kind("size", expected, (text) => bounded(readSize(text), readSize(min)!, readSize(max)!));
}

function readSize(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,15})(B|KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * SIZE_UNIT.get(unit ?? "")!;
}

function bounded(value: number | undefined, min: number, max: number): number | undefined {
  return value === undefined || value < min || value > max ? undefined : value;
}
