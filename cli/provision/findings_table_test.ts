import { assertEquals } from "@std/assert";
import { findingsTable } from "./findings_table.ts";

Deno.test("findingsTable() prints capability, requirement, result and note in columns", () => {
  assertEquals(
    findingsTable([
      { capability: "walk", needed: true, works: true, note: "" },
      { capability: "fly", needed: false, works: false, note: "It walks" },
      { capability: "breathe", needed: true, works: false, note: "It is under water" },
      { capability: "sing", needed: true, works: undefined, note: "" },
    ]),
    [
      "  capability  required  result",
      "  walk        yes       works",
      "  fly         no        no          It walks",
      "  breathe     yes       FAILS       It is under water",
      "  sing        yes       not tested",
    ].join("\n"),
  );
});
