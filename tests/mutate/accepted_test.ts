import { assert, assertEquals } from "@std/assert";
import { obsoleteOf, readAccepted } from "./accepted.ts";
import { mistakesIn } from "./mistakes.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("every accepted mistake can still be made", async () => {
  const accepted = await readAccepted();
  assert(accepted.size > 10);
  const files = new Set([...accepted.values()].map(({ file }) => file));
  const sources = await Promise.all(
    [...files].map(async (file) => mistakesIn(file, await Deno.readTextFile(new URL(file, ROOT)))),
  );
  assertEquals(obsoleteOf(accepted, sources.flat()), []);
});
