import { assert, assertEquals } from "@std/assert";
import { readSources } from "./sources.ts";
import { unplainComments, unplainTestNames } from "./words.ts";

Deno.test("comments name the thing and the actor", async () => {
  const sources = await readSources();
  assert(sources.size > 900);
  assertEquals(unplainComments(sources), []);
});

Deno.test("names of tests name the thing and the actor", async () => {
  assertEquals(unplainTestNames(await readSources()), []);
});

/** Unplain comments of one source. */
const unplain = (...lines: string[]) => unplainComments(new Map([["a.ts", lines.join("\n")]]));

Deno.test("unplainComments() finds a doc comment that begins with a hidden thing", () => {
  for (const word of ["What", "Whether", "Who", "Where", "That", "How"]) {
    assertEquals(unplain(`/** ${word} it is. */`, "export const a = 1;"), [`a.ts:1: ${word} it is.`]);
  }
  assertEquals(
    unplain("export interface A {", "  /**", "   * What it", "   * is.", "   */", "  b: string;", "}"),
    ["a.ts:2: What it is."],
  );
  assertEquals(unplain("/** Whatever else, the wholesale price. */", "export const a = 1;"), []);
  assertEquals(unplain("// What follows is sorted.", 'const a = "What";'), []);
});

Deno.test("unplainComments() finds a hidden actor in every comment", () => {
  for (const word of ["whoever", "Nobody", "somebody", "anybody"]) {
    assertEquals(unplain("let a = 1;", `a++; // For ${word} else.`), [`a.ts:2: For ${word} else.`]);
    assertEquals(unplain(`/** Item for ${word}. */`, "type A = 1;"), [`a.ts:1: Item for ${word}.`]);
  }
  assertEquals(unplain('export const a = "nobody";'), []);
});

Deno.test("unplainTestNames() finds a riddle or a hidden actor in names of tests only", () => {
  const name = (word: string) => `pull() serves ${word}`;
  const test = (quote: string, word: string) => `\nDeno.test(\n  ${quote}${name(word)}${quote}, () => {});`;
  const find = (source: string) => unplainTestNames(new Map([["a_test.ts", source]]));
  for (const quote of ['"', "`"]) {
    for (
      const word of ["whoever", "Nobody", "somebody", "anybody", "what is there", "whom it knows", "however"]
    ) {
      assertEquals(find(test(quote, word)), [`a_test.ts:2: ${name(word)}`]);
    }
    assertEquals(find(test(quote, "the client")), []);
    assertEquals(find(test(quote, "${what} again")), []);
  }
  assertEquals(find('pull("nobody");'), []);
});
