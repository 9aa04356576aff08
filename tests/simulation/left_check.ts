import { historyOf, type Stored, type TagAttributes } from "../../registry/stored.ts";
import type { Item } from "../../storage/mod.ts";
import { itemsOf, MAX_ENTRIES, type Quiet } from "./quiet.ts";
import { must } from "./violation.ts";

/** After the grace period no unreferenced content is left. */
export async function checkNothingLeft(quiet: Quiet): Promise<void> {
  const items = await itemsOf(quiet.table);
  const isNeeded = needs(items, quiet);
  for (const item of items) {
    const { pk, sk, attributes } = item;
    must(
      pk === "collection" || isNeeded(item),
      `Garbage is left: ${pk} ${sk}: ${JSON.stringify(attributes)}`,
    );
  }
  const named = new Set<unknown>(items.map(({ attributes }) => attributes.object));
  for (const key of await quiet.objects.list("", { limit: MAX_ENTRIES })) {
    must(named.has(key), `Garbage is left: object ${key}`);
  }
  const parts = await quiet.objects.listParts("", MAX_ENTRIES);
  must(parts.length === 0, `Parts are left: ${JSON.stringify(parts)}`);
}

/** Function that tells if one of the items is needed by another one, or by itself. */
function needs(
  items: readonly Item[],
  { passed, passedBeside }: Pick<Quiet, "passed" | "passedBeside">,
): (item: Item) => boolean {
  const names = new Map(items.map((item) => [`${item.pk} ${item.sk}`, item]));
  const has = (pk: string, sk: string) => names.has(`${pk} ${sk}`);
  const some = (pk: string, prefix: string) =>
    items.some((other) => other.pk === pk && other.sk.startsWith(prefix));
  return ({ pk, sk, attributes }) => {
    const [kind, first, second] = sk.split("#") as [string, string?, string?];
    if (pk === "repos") return some(`repo#${sk}`, "manifest#");
    if (sk === "blob") return items.some((other) => other.pk === pk && other.sk !== "blob");
    switch (kind) {
      case "repo":
        return some(sk, `edge#${pk.slice("blob#".length)}#`);
      case "edge":
      case "referrer":
        return has(pk, `manifest#${second}`);
      case "tag":
        return has(pk, `manifest#${attributes.digest}`);
      case "usage":
        return has("repos", pk.slice("repo#".length));
      case "moved": {
        // A full pass may remove the mark by which a candidate finds the moves of a tag. They stay until the next pass.
        if (passedBeside && !passed) return true;
        const tag = names.get(`${pk} tag#${first}`) as Stored<TagAttributes> | undefined;
        return tag !== undefined && historyOf(tag.attributes).id === second;
      }
      case "pulled":
        return has(pk, `tag#${first}`);
      case "epoch":
        // A full pass beside the collection of candidates may change the epoch of a repository that was just deleted.
        return !passed || has("repos", pk.slice("repo#".length)) || some(pk, "manifest#");
      case "tagged":
        return names.get(`${pk} tag#${second}`)?.attributes.digest === first;
      default:
        return kind === "manifest";
    }
  };
}
