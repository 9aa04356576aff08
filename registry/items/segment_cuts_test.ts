import { assertEquals } from "@std/assert";
import { compareUtf8 } from "../../storage/mod.ts";
import { SEGMENT_CUTS } from "./segment_cuts.ts";

Deno.test("SEGMENT_CUTS are in the order of partition keys, and each is there once", () => {
  assertEquals(SEGMENT_CUTS, [...new Set(SEGMENT_CUTS)].sort(compareUtf8));
  assertEquals([SEGMENT_CUTS[0], SEGMENT_CUTS.at(-1)], ["blob#sha256:1", "repo#u"]);
});
