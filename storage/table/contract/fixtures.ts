import type { Item, NewItem, Table } from "../table.ts";

/** Registers a test of a driver with a table of its own. */
export type Test = (name: string, run: (table: Table) => Promise<void>) => void;

/** Strings in the order of their UTF-8 bytes, where the order of their UTF-16 units is another. */
export const ORDERED = [
  "",
  "#",
  "$",
  "10",
  "9",
  "B",
  "Z",
  "_",
  "a",
  "a#",
  "a#b",
  "a$",
  "a-b",
  "a.b",
  "aB",
  "a_b",
]
  .concat([
    "z",
    "é",
    "ÿ",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{1f600}",
    "\u{10ffff}",
    "\u{10ffff}a",
  ]);

/** Those of them that may be a key: the empty string may not (DynamoDB). */
export const ORDERED_SORT_KEYS = ORDERED.slice(1);

/** An item of the partition `p`. */
export function item(sk: string, more: Partial<NewItem> = {}): NewItem {
  return { pk: "p", sk, attributes: {}, ...more };
}

/** The sort keys of items, in their order. */
export function sortKeys(items: Item[]): string[] {
  return items.map(({ sk }) => sk);
}

/** Writes items of the partition `p` under the keys, in an order that is none. */
export async function fill(
  table: Table,
  keys: string[],
  more?: (sk: string) => Partial<NewItem>,
): Promise<void> {
  const shuffled = keys.map((sk, i) => ({ sk, at: (i * 7919) % 101 })).sort((a, b) => a.at - b.at);
  await table.putMany(shuffled.map(({ sk }) => item(sk, more?.(sk))));
}
