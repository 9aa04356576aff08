import { assertEquals } from "@std/assert";
import { UnnamedObjects } from "./unnamed_objects.ts";

Deno.test("UnnamedObjects drops named and owned objects, and counts the rest", () => {
  const objects = new UnnamedObjects();
  for (const key of ["blobs/abc/abc1-x", "blobs/abc/abc1-y", "blobs/abc/abc2-x", "blobs/def/def-x"]) {
    objects.add(key);
  }
  objects.name("blobs/abc/abc1-x");
  objects.name("blobs/abc/abc1-x");
  objects.name("blobs/abc/abc9-x");
  assertEquals([...objects.keys()], ["blobs/abc/abc1-y", "blobs/abc/abc2-x", "blobs/def/def-x"]);
  assertEquals(objects.size, 3);
  objects.own("blobs/abc/abc1-");
  objects.own("blobs/abc/abc1-");
  objects.own("blobs/abc/");
  assertEquals([[...objects.keys()], objects.size], [["blobs/abc/abc2-x", "blobs/def/def-x"], 2]);
});
