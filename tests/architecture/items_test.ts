import { assertEquals } from "@std/assert";
import { AUTH_FORMS } from "../../auth/items.ts";
import { MARKER } from "../../backup/mod.ts";
import { ITEM_FORMS } from "../../registry/stored.ts";

/** Rows of the table in the section "Items": kind, partition and sort key. */
async function documentedItems(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../ARCHITECTURE.md", import.meta.url));
  const section = text.split("\n## Items\n")[1]!.split("\n## ")[0]!;
  const rows = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return rows.map((row) => row.split("|").slice(1, 4).map((cell) => cell.trim()).join(" "));
}

Deno.test("ARCHITECTURE.md lists every kind of item with its key", async () => {
  const forms = { ...ITEM_FORMS, ...AUTH_FORMS, restore: MARKER };
  const rows = Object.entries(forms).map(([kind, { pk, sk }]) => `${kind} \`${pk}\` \`${sk}\``);
  assertEquals((await documentedItems()).sort(), rows.sort());
});
