import { assertEquals, assertThrows } from "@std/assert";
import { MIN_PART_BYTES, resolveOptions } from "./options.ts";

const BUCKET = { bucket: "skerry", region: "us-east-1" };

Deno.test("resolveOptions() fills in defaults", () => {
  const { prefix, pathStyle, partSize, verifiesContent } = resolveOptions(BUCKET);
  assertEquals({ prefix, pathStyle, partSize, verifiesContent }, {
    prefix: "",
    pathStyle: false,
    partSize: 16 * 1024 * 1024,
    verifiesContent: true,
  });
});

Deno.test("resolveOptions() refuses parts that S3 refuses", () => {
  assertEquals(resolveOptions({ ...BUCKET, partSize: MIN_PART_BYTES }).partSize, MIN_PART_BYTES);
  for (const partSize of [MIN_PART_BYTES - 1, 0, -1, NaN, MIN_PART_BYTES + 0.5]) {
    assertThrows(() => resolveOptions({ ...BUCKET, partSize }), RangeError);
  }
});

Deno.test("resolveOptions() refuses a prefix that a URL would not carry as it is", () => {
  for (const prefix of ["", "a/", "a", "Team_1/registry.v2/", "..a/", "a.b", "a/...", ".a/"]) {
    assertEquals(resolveOptions({ ...BUCKET, prefix }).prefix, prefix);
  }
  const wrong = [
    "/",
    "/a",
    "a//",
    "a//b",
    ".",
    "..",
    "../",
    "a/../b",
    "a/.",
    "a/./b",
    "a b",
    "a%2f",
    "ä",
    "a?",
  ];
  for (const prefix of [...wrong, "a".repeat(801)]) {
    assertThrows(() => resolveOptions({ ...BUCKET, prefix }), RangeError, "prefix", prefix);
  }
});
