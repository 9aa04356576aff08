/** Minimum characters of a column that is cut. */
const MIN_CUT = 10;

/** A column of a table. */
export interface Column {
  /** Name, in the first line. */
  title: string;
  /** `right` for numbers; `left` by default. */
  align?: "left" | "right";
}

/** Options of {@linkcode tableOf}. */
export interface TableOptions {
  /** Columns of the terminal. Without it no cell is cut. */
  width?: number | undefined;
}

/** Number of columns of the terminal on standard output; `undefined` if it is none, so that programs get whole cells. */
export function terminalWidth(): number | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  try {
    return Deno.consoleSize().columns;
  } catch {
    return undefined;
  }
}

/**
 * A table with aligned columns and a line of titles. Cells are one line each: a line break or a tab of a pushed text
 * becomes a space. If the table is wider than the terminal, its widest columns are cut, with `…` at the end of a cell.
 * It has no colours, so it is the same text everywhere.
 */
export function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width }: TableOptions = {},
): string {
  const lines = [columns.map(({ title }) => title), ...rows].map((cells) => cells.map(oneLine));
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => lengthOf(cells[i] ?? ""))));
  if (width !== undefined) shrink(widths, width);
  return lines.map((cells) =>
    columns.map(({ align = "left" }, i) => fit(cells[i] ?? "", widths[i]!, align)).join("  ").trimEnd()
  ).join("\n");
}

/** Lines of names with their values, with the values in one column. Absent values are left out. */
export function factsOf(facts: readonly (readonly [name: string, value: string | undefined])[]): string {
  const present = facts.filter(([, value]) => value !== undefined);
  const width = Math.max(...present.map(([name]) => name.length)) + 2;
  return present.map(([name, value]) => `${`${name}:`.padEnd(width)}${oneLine(value!)}`.trimEnd()).join("\n");
}

/** Text in one line, cut to the columns of the terminal. */
export function lineOf(text: string, { width }: TableOptions): string {
  const line = oneLine(text);
  return width === undefined ? line : fit(line, width, "left").trimEnd();
}

/** The same text in one line. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** Takes from the widest column until the table fits. */
function shrink(widths: number[], width: number): void {
  let over = widths.reduce((sum, each) => sum + each + 2, -2) - width;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= MIN_CUT) return;
    widths[widths.lastIndexOf(widest)]! -= 1;
    over--;
  }
}

function fit(text: string, width: number, align: "left" | "right"): string {
  const characters = [...text];
  const cut = characters.length > width ? `${characters.slice(0, width - 1).join("")}…` : text;
  const space = " ".repeat(Math.max(0, width - lengthOf(cut)));
  return align === "right" ? space + cut : cut + space;
}

/** Number of characters, where one of two UTF-16 units counts once. */
function lengthOf(text: string): number {
  return [...text].length;
}
