import { assertEquals } from "@std/assert";
import { counted } from "./counted.ts";

Deno.test("counted() puts the noun in the plural except for one", () => {
  assertEquals([0, 1, 2].map((count) => counted(count, "repository")), [
    "0 repositories",
    "1 repository",
    "2 repositories",
  ]);
  assertEquals([counted(1, "tag mark"), counted(3, "tag mark"), counted(2, "key")], [
    "1 tag mark",
    "3 tag marks",
    "2 keys",
  ]);
});
