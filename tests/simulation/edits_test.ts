import { assert, assertEquals } from "@std/assert";
import { isCopied } from "./mutant.ts";
import { MUTATIONS } from "./mutations/mod.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("every edit of a mutation finds its text once in its file", async () => {
  const edits = MUTATIONS.flatMap(({ name, edits }) => edits.map((edit) => ({ name, ...edit })));
  assert(edits.length > 100);
  const wrong: string[] = [];
  for (const { name, file, find } of edits) {
    assert(isCopied(file), `${name}: ${file} is not copied`);
    const found = (await Deno.readTextFile(new URL(file, ROOT))).split(find).length - 1;
    if (found !== 1) wrong.push(`${name}: ${file} has ${found} of \`${find}\``);
  }
  assertEquals(wrong, []);
});
