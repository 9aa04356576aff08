import { assert, assertEquals } from "@std/assert";
import { Minimatch } from "minimatch";
import { areGrants, EVERYTHING, formatGrant, isGrantPattern, readGrant } from "./grants.ts";

Deno.test("isGrantPattern() accepts patterns of names, except those that are expensive to match", () => {
  for (
    const pattern of ["a", "team/**", "**", "**/app", "team/*", "team/app-*", "*-x-*", "a/**/b/**", "a.b_c-d"]
  ) {
    assert(isGrantPattern(pattern), pattern);
  }
  const wrong = [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "A",
    "a b",
    "a:b",
    "{a,b}",
    "a***",
    "**a",
    "a**b*",
    "*a*b*",
    "[a]",
    "!a",
  ];
  for (const pattern of [...wrong, "**/**/**", "a?", "@(a|b)", "a\n", "ä", "a".repeat(256)]) {
    assert(!isGrantPattern(pattern), pattern);
  }
});

Deno.test("isGrantPattern() accepts only patterns with one meaning for every library", () => {
  const matches = (pattern: string, name: string) => new Minimatch(pattern, { dot: true }).match(name);
  assert(matches("team/**", "team/a/b") && !matches("team/**", "teams/a"));
  assert(matches("team/app-*", "team/app-1") && !matches("team/app-*", "team/app-1/x"));
});

Deno.test("readGrant() reads the output of formatGrant()", () => {
  for (const text of ["pull:**", "pull,push:team/**", "pull,push,overwrite,delete,administer:a"]) {
    const grant = readGrant(text);
    assertEquals(grant && formatGrant(grant), text);
  }
  for (
    const text of [
      "",
      "pull",
      ":a",
      "pull:",
      "pull,:a",
      "fly:a",
      "pull:A",
      "pull:a:b",
      "PULL:a",
      "pull push:a",
    ]
  ) {
    assertEquals(readGrant(text), undefined, text);
  }
});

Deno.test("areGrants() accepts only a list of grants", () => {
  const grant = { repositories: "a", actions: ["pull"] };
  assert(areGrants([grant]) && areGrants(EVERYTHING) && areGrants(Array(32).fill(grant)));
  const wrong = [
    undefined,
    null,
    {},
    [],
    "a",
    [null],
    [grant, 1],
    [{ ...grant, more: 1 }],
    Array(33).fill(grant),
  ];
  const wrongGrants = [{ repositories: "a" }, { repositories: "a", actions: [] }, {
    repositories: 1,
    actions: ["pull"],
  }];
  for (
    const value of [...wrong, ...wrongGrants.map((grant) => [grant]), [{ ...grant, actions: ["pull", 1] }]]
  ) {
    assert(!areGrants(value), JSON.stringify(value));
  }
});
