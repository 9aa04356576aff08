import { assert, assertEquals } from "@std/assert";
import { COUNTED } from "../../cli/cost/counted.ts";
import { hotKeys } from "./hot_keys.ts";
import { imageUnits } from "./measured.ts";
import { markdownOf, report, sumOf } from "./report.ts";

/** Cells of the lines that are rows of tables, without those between head and body. */
function cellsIn(markdown: string): string[] {
  const rows = markdown.split("\n").filter((line) => line.startsWith("|") && !/^[|\s:-]+$/.test(line));
  return rows.map((row) => row.split("|").map((cell) => cell.trim()).join("|"));
}

Deno.test("docs/scale.md has the tables that deno task scale prints", async () => {
  const docs = await Deno.readTextFile(new URL("../../docs/scale.md", import.meta.url));
  const tables = await report();
  assertEquals(cellsIn(docs), tables.flatMap((table) => cellsIn(markdownOf(table))));
});

Deno.test("UnitMeter counts the units that the requests of a real process take at the stores", async () => {
  const { push, pull } = await imageUnits();
  const expected = ({ readUnits: reads, writeUnits: writes }: typeof COUNTED.push[5]) => ({ reads, writes });
  assertEquals(sumOf(push), expected(COUNTED.push[5]));
  assertEquals(sumOf(pull), expected(COUNTED.pull[5]));
});

Deno.test("hotKeys() gives the hottest of several partitions more than the most popular repository", () => {
  const few = hotKeys(1000, 4);
  const many = hotKeys(1000, 4096);
  assertEquals(few.topShare, many.topShare);
  assert(few.partitionShare > many.partitionShare);
  assert(many.partitionShare >= many.topShare);
  assertEquals(hotKeys(10, 1).partitionShare, 1);
});
