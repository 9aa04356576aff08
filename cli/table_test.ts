import { assertEquals } from "@std/assert";
import { factsOf, lineOf, tableOf } from "./table.ts";

const COLUMNS = [{ title: "NAME" }, { title: "SIZE", align: "right" as const }, { title: "NOTE" }];

/** Lines of a table. */
function lines(rows: string[][], width?: number): string[] {
  return tableOf(COLUMNS, rows, { width }).split("\n");
}

Deno.test("tableOf() aligns columns, and ends lines without spaces", () => {
  assertEquals(lines([["a", "1", ""], ["long name", "1000", "x"], ["ü", "20"]]), [
    "NAME       SIZE  NOTE",
    "a             1",
    "long name  1000  x",
    "ü            20",
  ]);
});

Deno.test("tableOf() cuts the widest columns for a terminal, and nothing for a program", () => {
  const rows = [["a".repeat(30), "1", "b".repeat(20)], ["short", "22", "c"]];
  assertEquals(lines(rows), [
    `${"NAME".padEnd(30)}  SIZE  NOTE`,
    `${"a".repeat(30)}     1  ${"b".repeat(20)}`,
    `${"short".padEnd(30)}    22  c`,
  ]);
  assertEquals(lines(rows, 40), [
    "NAME              SIZE  NOTE",
    "aaaaaaaaaaaaaaa…     1  bbbbbbbbbbbbbbb…",
    "short               22  c",
  ]);
  // No column becomes narrower than ten characters.
  assertEquals(lines(rows, 5)[1], "aaaaaaaaa…     1  bbbbbbbbb…");
  assertEquals(lines(rows, 60), lines(rows));
});

Deno.test("tableOf() keeps a cell in one line", () => {
  assertEquals(lines([["a\nb\r\n\tc", "1", "x  y"]])[1], "a b c     1  x y");
});

Deno.test("tableOf() cuts between characters", () => {
  const [, row] = lines([["😀".repeat(20), "1", ""]], 22);
  assertEquals(row, `${"😀".repeat(9)}…     1`);
});

Deno.test("factsOf() aligns values, and leaves absent ones out", () => {
  assertEquals(factsOf([["A", "1"], ["Long", "x\ny"], ["None", undefined]]), "A:    1\nLong: x y");
});

Deno.test("lineOf() cuts a text for a terminal, and not for a program", () => {
  assertEquals(lineOf("a\n  b c", { width: 4 }), "a b…");
  assertEquals(lineOf("a\n  b c", { width: 5 }), "a b c");
  assertEquals(lineOf("a\n  b c", {}), "a b c");
});
