import { assert, assertEquals } from "@std/assert";
import { compareUtf8 } from "../../utf8_order.ts";
import type { Item, Key, NewItem, Table } from "../table.ts";
import { ORDERED_SORT_KEYS, type Test } from "./fixtures.ts";

/** All that there is, in pages of this size. */
async function scanAll(table: Table, limit: number): Promise<Item[]> {
  const items: Item[] = [];
  let after: Key | undefined;
  do {
    const page = await table.scan({ limit, consistent: true, ...(after && { after }) });
    assert(page.items.length <= limit);
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}

const PARTITIONS = ["b", "a", "a#", "\u{1f600}", "\uffff"];

const ITEMS: NewItem[] = PARTITIONS.flatMap((pk) =>
  ORDERED_SORT_KEYS.slice(0, 7).map((sk) => ({ pk, sk, attributes: { pk, sk } }))
);

const nameOf = ({ pk, sk }: Key) => `${pk} ${sk}`;

/** Everything that is in the table. */
export function registerScans(test: Test): void {
  for (const limit of [1, 3, 7, 1000]) {
    test(`scan() comes by every item once, in pages of ${limit}`, async (table) => {
      await table.putMany(ITEMS);
      const found = await scanAll(table, limit);
      assertEquals(found.map(nameOf).sort(), ITEMS.map(nameOf).sort());
    });
  }

  test("scan() comes by partitions as a whole, each in the order of its sort keys", async (table) => {
    await table.putMany(ITEMS);
    const found = await scanAll(table, 4);
    const changes = found.filter(({ pk }, i) => pk !== found[i - 1]?.pk).map(({ pk }) => pk);
    assertEquals(changes.toSorted(), PARTITIONS.toSorted());
    for (const items of Map.groupBy(found, ({ pk }) => pk).values()) {
      const keys = items.map(({ sk }) => sk);
      assertEquals(keys, keys.toSorted(compareUtf8));
    }
  });

  test("scan() answers whole items", async (table) => {
    const written = {
      pk: "p",
      sk: "s",
      attributes: { n: 1 },
      bytes: new Uint8Array([1, 2]),
      index: { pk: "i", sk: "a" },
    };
    const version = await table.put(written, { ifAbsent: true });
    assert(version);
    assertEquals((await table.scan({ limit: 10, consistent: true })).items, [{ ...written, version }]);
  });

  test("scan() goes on behind an item that has been deleted", async (table) => {
    await table.putMany(ITEMS);
    const all = await scanAll(table, 1000);
    const gone = all[9]!;
    await table.delete(gone, { ifVersion: gone.version });
    const { items } = await table.scan({ limit: 3, after: { pk: gone.pk, sk: gone.sk }, consistent: true });
    assertEquals(items.map(nameOf), all.slice(10, 13).map(nameOf));
  });

  test("scan() of nothing answers nothing", async (table) => {
    assertEquals(await table.scan({ limit: 10 }), { items: [] });
  });
}
