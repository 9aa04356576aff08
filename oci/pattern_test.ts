import { assert, assertEquals } from "@std/assert";
import { Minimatch } from "minimatch";
import { seeded } from "../tests/random.ts";
import { alternativesOf, isRepositoryPattern, isTagPattern } from "./pattern.ts";

Deno.test("alternativesOf() expands braces like the matching library, and refuses all that stay braces", () => {
  const random = seeded(7);
  const counts = { refused: 0, expanded: 0 };
  for (let run = 0; run < 20_000; run++) {
    const pattern = Array.from({ length: 1 + random(9) }, () => "ab,{}{}"[random(7)]).join("");
    const expected = new Minimatch(pattern, { nocomment: true, nonegate: true }).globSet;
    const isRefused = expected.some((alternative) => /[{}]/.test(alternative));
    // The library leaves out empty alternatives.
    const found = alternativesOf(pattern)?.filter((alternative) => alternative !== "");
    assertEquals(found?.sort(), isRefused ? undefined : expected.filter(Boolean).sort(), pattern);
    if (pattern.includes("{")) counts[isRefused ? "refused" : "expanded"]++;
  }
  assert(counts.refused > 100 && counts.expanded > 100, JSON.stringify(counts));
});

Deno.test("isRepositoryPattern() takes patterns of names and refuses other globs", () => {
  for (const pattern of ["**", "team/*", "team/**", "a?/b-*", "{a,b}/**", "x{a,{b,c}}y", "a/{b,c}/{d,e}"]) {
    assertEquals(isRepositoryPattern(pattern), true, pattern);
  }
  for (
    const pattern of [
      "",
      "A",
      "a//b",
      "a/",
      "a/.",
      "a/..",
      "{1..9}",
      "a**",
      "{a}",
      "{a,b",
      "a,b}",
      "{{a,b}}",
      "{a,}",
      "[ab]",
      "!a",
      "a".repeat(257),
    ]
  ) {
    assertEquals(isRepositoryPattern(pattern), false, pattern);
  }
});

Deno.test("isTagPattern() takes a hundred alternatives and no more", () => {
  const of = (count: number) => `v{${Array.from({ length: count }, (_, index) => index)}}`;
  assertEquals([isTagPattern(of(61)), isTagPattern("{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}")], [
    true,
    true,
  ]);
  assertEquals(isTagPattern("{0,1,2,3,4,5,6,7,8,9,a}{0,1,2,3,4,5,6,7,8,9}"), false);
  assertEquals(isTagPattern("{a,b}".repeat(40)), false);
});
