import { assertEquals } from "@std/assert";
import { seeded } from "../../tests/random.ts";
import { textMatcher } from "./text_pattern.ts";

Deno.test("textMatcher() takes `*` for any text, and every other character for itself", () => {
  for (
    const [pattern, matching, others] of [
      ["", [""], ["a"]],
      ["a", ["a"], ["", "A", "aa", "a\n"]],
      ["*", ["", "a", "a\nb", "💥"], []],
      ["**", ["", "a"], []],
      ["a*", ["a", "ab", "a*"], ["", "ba"]],
      ["*a", ["a", "ba", "aa"], ["ab", ""]],
      ["a*a", ["aa", "aba", "aaa"], ["a", "ab"]],
      ["a*b*c", ["abc", "abbc", "axbxc", "abcc"], ["ac", "acb", "cba"]],
      ["ab*bc", ["abbc", "abxbc"], ["abc"]],
      ["*ab*ab*", ["abab", "xabyabz"], ["ab", "aab", "aba"]],
      ["a*bc*c", ["abcc"], ["abc"]],
      ["a.c", ["a.c"], ["abc"]],
      ["[a]?(b)+$", ["[a]?(b)+$"], ["a"]],
    ] as [string, string[], string[]][]
  ) {
    const matches = textMatcher(pattern);
    assertEquals([...matching, ...others].filter(matches), matching, pattern);
  }
});

Deno.test("textMatcher() matches as a regular expression does", () => {
  const random = seeded(7);
  const text = (letters: string, most: number) =>
    Array.from({ length: random(most + 1) }, () => letters[random(letters.length)]).join("");
  for (let run = 0; run < 20_000; run++) {
    const [pattern, value] = [text("ab**", 7), text("ab", 9)];
    const wanted = new RegExp(`^${pattern.replaceAll(/\*+/g, ".*")}$`).test(value);
    assertEquals(textMatcher(pattern)(value), wanted, `${pattern} ${value}`);
  }
});

Deno.test("textMatcher() is fast for a pattern that makes a regular expression backtrack", () => {
  const matches = textMatcher("a*".repeat(400) + "b");
  assertEquals([matches("a".repeat(50_000)), matches("a".repeat(50_000) + "b")], [false, true]);
});
