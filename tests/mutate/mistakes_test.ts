import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { applyMistake } from "./mistake.ts";
import { mistakesIn } from "./mistakes.ts";

const SOURCE = `
import { a } from "./a.ts";

export async function take(table: Table, item: Item, version: string, limit: number): Promise<boolean> {
  if (limit < 1) throw new RangeError("limit");
  const seen = await table.get(item, { consistent: true });
  await a(seen);
  if (seen?.done === true && !seen.old) return false;
  await table.put(item, { ifVersion: version });
  return seen !== undefined;
}

export async function repeat(): Promise<boolean> {
  try {
    return await tried();
  } catch {
    return await caught();
  }
}
`;

/** The kind of each mistake, and the text that it puts in. */
function changesOf(source: string): Set<string> {
  return new Set(mistakesIn("x/y.ts", source).map(({ kind, now }) => `${kind}: ${now}`));
}

Deno.test("mistakesIn() finds each kind of mistake", () => {
  const changes = changesOf(SOURCE);
  for (
    const expected of [
      "condition negated: !(limit < 1)",
      "bound moved: limit <= 1",
      "guard removed: ",
      "await dropped: table.get(item, { consistent: true })",
      "consistency dropped: false",
      "statement removed: ",
      "statements swapped: await a(seen);\nconst seen = await table.get(item, { consistent: true });",
      "right operand dropped: seen?.done === true",
      "left operand dropped: !seen.old",
      "condition negated: seen.old",
      "version read afresh: ifVersion: (await table.get(item, { consistent: true }))?.version ?? version",
      'write condition dropped: table.putMany([item]).then(() => "any")',
      "constant returned: true",
      "constant returned: false",
      "await dropped: tried()",
    ]
  ) {
    assert(changes.has(expected), `"${expected}" is not among\n${[...changes].join("\n")}`);
  }
  assert(!changes.has("await dropped: caught()"));
});

Deno.test("mistakesIn() changes nothing that does not run", () => {
  const types = "import { a } from 'b';\ntype A = { consistent: true } | (B extends C ? 1 : 2);\n" +
    "interface D { e: (f: number) => G }\n";
  assertEquals(mistakesIn("x/y.ts", types), []);
});

Deno.test("mistakesIn() keeps the id of a mistake when its function moves, and gives each another one", () => {
  const ids = mistakesIn("x/y.ts", SOURCE).map(({ id }) => id);
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(mistakesIn("x/y.ts", `// More.\n\nconst more = 1;\n${SOURCE}`).map(({ id }) => id), ids);
  const formatted = SOURCE.replace("{ consistent: true }", "{\n    consistent: true,\n  }");
  assertEquals(mistakesIn("x/y.ts", formatted).map(({ id }) => id), ids);
  assert(!mistakesIn("x/z.ts", SOURCE).some(({ id }) => ids.includes(id)));
});

Deno.test("applyMistake() changes the source at that place alone", () => {
  for (const mistake of mistakesIn("x/y.ts", SOURCE)) {
    const spoiled = applyMistake(SOURCE, mistake);
    assertNotEquals(spoiled, SOURCE);
    assertEquals(spoiled.slice(0, mistake.start), SOURCE.slice(0, mistake.start));
    assertEquals(spoiled.length - SOURCE.length, mistake.now.length - mistake.was.length);
  }
});
