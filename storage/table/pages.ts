import type { Item } from "./table.ts";

/**
 * The pages of a query, none of them empty. `query` answers the items after a place, at most `limit` of them, and
 * `placeOf` names the place of an item.
 */
export async function* pagesOf(
  query: (from: { after?: string }) => Promise<Item[]>,
  placeOf: (item: Item) => string,
  limit: number,
): AsyncGenerator<Item[]> {
  for (let from = {};;) {
    const items = await query(from);
    if (items.length > 0) yield items;
    if (items.length < limit) return;
    from = { after: placeOf(items.at(-1)!) };
  }
}
