import { createHash } from "node:crypto";

/** A change of a source file that a test should notice. */
export interface Mistake {
  /** Names the mistake as long as its file, its function and the changed text stay the same, wherever they move. */
  readonly id: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Line of the first changed character, from 1. */
  readonly line: number;
  /** The function that holds it; empty at the top level. */
  readonly within: string;
  /** The kind of change, for a person. */
  readonly kind: string;
  /** Offsets of the replaced text. */
  readonly start: number;
  readonly end: number;
  /** The text that is replaced, and the text in its place. */
  readonly was: string;
  readonly now: string;
}

/** Gives each mistake its id. Equal changes of one function are told apart by their order. */
export function identify(mistakes: readonly Omit<Mistake, "id">[]): Mistake[] {
  const seen = new Map<string, number>();
  return mistakes.map((mistake) => {
    const { file, within, was, now } = mistake;
    const name = [file, within, compact(was), compact(now)].join("\n");
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    const id = createHash("sha256").update(`${name}\n${count}`).digest("hex").slice(0, 10);
    return { id, ...mistake };
  });
}

/** The source with the mistake in it. */
export function applyMistake(source: string, { start, end, now }: Mistake): string {
  return source.slice(0, start) + now + source.slice(end);
}

/** The change in one line. */
export function describeChange({ was, now }: Mistake): string {
  return `${oneLine(was)}  =>  ${now === "" ? "(nothing)" : oneLine(now)}`;
}

/** Without what the formatter decides. */
function compact(text: string): string {
  return text.replace(/\s+/g, "").replace(/,([)\]}])/g, "$1");
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 120 ? line : `${line.slice(0, 70)} ... ${line.slice(-45)}`;
}
