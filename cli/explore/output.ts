import { terminalWidth } from "../table.ts";

/** Output of a command that shows something. */
export interface Output {
  /** Writes one line, or several. */
  print: (text: string) => void;
  /** True for JSON objects, one a line. */
  json: boolean;
  /** Columns of the terminal; absent if the output is none, so that cells are whole. */
  width?: number | undefined;
  /** Milliseconds since the epoch, for ages. */
  now: number;
}

/** A digest in a table: short on a terminal, whole for programs. */
export function digestFor({ width }: Output, digest: string): string {
  if (width === undefined) return digest;
  return digest.slice(0, digest.indexOf(":") + 1 + 12);
}

/** Output of a command on standard output. */
export function outputFor(print: (text: string) => void, json: boolean): Output {
  return { print, json, width: terminalWidth(), now: Date.now() };
}
