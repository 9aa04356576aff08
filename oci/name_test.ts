import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { seeded } from "../tests/random.ts";
import { RegistryError } from "./errors.ts";
import { isRepositoryName, isTag, MAX_NAME_CHARACTERS, parseReference, parseRepositoryName } from "./name.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

Deno.test("isRepositoryName() accepts names of the grammar", () => {
  const names = [
    "a",
    "0",
    "library/alpine",
    "a/b/c/d",
    "a.b",
    "a_b",
    "a__b",
    "a-b",
    "a---b",
    "a-b_c.d__e--f/g",
  ];
  names.push("blobs", "tags/list", "v2/manifests", "uploads/blobs/uploads");
  for (const name of names) assertEquals(isRepositoryName(name), true, name);
});

Deno.test("isRepositoryName() rejects names outside of the grammar", () => {
  const names = [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "A",
    "aB",
    ".",
    "..",
    "a/../b",
    "a/./b",
    ".a",
    "a.",
    "_a",
    "a_",
    "-a",
    "a-",
  ];
  names.push(
    "a..b",
    "a___b",
    "a_.b",
    "a.-b",
    "a-_b",
    "a/.b",
    "a/b-",
    "a b",
    " a",
    "a ",
    "a\n",
    "\na",
    "a\0",
    "a\\b",
    "a%2Fb",
  );
  names.push("é", "ａ", "а", "٠", "a:b", "a@b", "a?b", "a#b", "a\u200Bb", "ſ", "\u212A", "host:5000/a");
  for (const name of names) assertEquals(isRepositoryName(name), false, JSON.stringify(name));
});

Deno.test("isRepositoryName() takes 255 characters and no more", () => {
  assertEquals(MAX_NAME_CHARACTERS, 255);
  assertEquals(isRepositoryName("a".repeat(255)), true);
  assertEquals(isRepositoryName("a".repeat(256)), false);
  assertEquals(isRepositoryName("a/".repeat(127) + "a"), true);
  assertEquals(isRepositoryName("a/".repeat(128) + "a"), false);
});

Deno.test("isRepositoryName() ends on the longest names that nearly match", () => {
  // No text can be read in two ways: separators share no character with what they separate, and no two of them begin
  // alike but `_` and `__`. An expression that could would take longer than the sun lasts on one of these.
  for (const unit of ["a", "a-", "a--", "a_", "a__", "a.", "a/", "a-a", "-", "_", "a_a/a--a."]) {
    const text = unit.repeat(Math.floor(254 / unit.length));
    for (const end of ["!", "-", "_", "/", "A"]) {
      assertEquals(isRepositoryName(text + end), false, unit + end);
    }
  }
});

Deno.test("isRepositoryName() agrees with the grammar taken apart", () => {
  const random = seeded(1);
  let names = 0;
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + random(9) }, () => "aab0/._-"[random(8)]).join("");
    const expected = text.split("/").every((component) => {
      const separators = component.split(/[a-z0-9]+/);
      return component !== "" && separators[0] === "" && separators.at(-1) === "" &&
        separators.slice(1, -1).every((separator) => /^(?:\.|_|__|-+)$/.test(separator)) &&
        /[a-z0-9]/.test(component);
    });
    assertEquals(isRepositoryName(text), expected, text);
    names += Number(expected);
  }
  assertEquals(names > 1000 && names < 19_000, true, `${names} names`);
});

Deno.test("parseRepositoryName() rejects with NAME_INVALID, and quotes no more than a little", () => {
  assertEquals(parseRepositoryName("library/alpine"), "library/alpine");
  const error = assertThrows(() => parseRepositoryName("A".repeat(1 << 20)), RegistryError);
  assertEquals([error.code, error.status], ["NAME_INVALID", 400]);
  assertEquals(JSON.stringify(error).length < 1000, true);
});

Deno.test("isTag() accepts tags of the grammar, up to 128 characters", () => {
  for (
    const tag of [
      "a",
      "A",
      "0",
      "_",
      "latest",
      "v1.0.0-rc.1_x",
      "_.-",
      "a".repeat(128),
      "sha256-" + "0".repeat(64),
    ]
  ) {
    assertEquals(isTag(tag), true, tag);
  }
});

Deno.test("isTag() rejects tags outside of the grammar", () => {
  const tags = [
    "",
    ".a",
    "-a",
    "a/b",
    "a:b",
    "a b",
    "a+b",
    "a\n",
    "\na",
    "a\0",
    "é",
    "а",
    "a".repeat(129),
    "..",
    "%61",
    DIGEST,
  ];
  for (const tag of tags) assertEquals(isTag(tag), false, JSON.stringify(tag));
});

Deno.test("parseReference() tells tags from digests", () => {
  assertEquals(Object.entries(parseReference("latest")), [["tag", "latest"]]);
  assertEquals(Object.entries(parseReference(DIGEST)), [["digest", DIGEST]]);
});

Deno.test("parseReference() rejects malformed references, without the words that make docker try schema 1", () => {
  const cases = {
    "sha256:baddigeststring": "DIGEST_INVALID",
    "a:b": "DIGEST_INVALID",
    "-a": "MANIFEST_INVALID",
  };
  for (
    const [text, code] of Object.entries({
      ...cases,
      "": "MANIFEST_INVALID",
      ["a".repeat(129)]: "MANIFEST_INVALID",
    })
  ) {
    const error = assertThrows(() => parseReference(text), RegistryError);
    assertEquals([error.code, error.status], [code, 400], text);
    assertEquals(/tag.?invalid/i.test(JSON.stringify(error)), false);
  }
  assertStringIncludes(
    assertThrows(() => parseReference("-a"), RegistryError).message,
    "neither a tag nor a digest",
  );
});
