import { assert, assertEquals } from "@std/assert";
import { compareUtf8 } from "../../utf8_order.ts";
import type { Item, Key, NewItem, Segment, Table } from "../table.ts";
import { item, ORDERED_SORT_KEYS, type Test } from "./fixtures.ts";

/** All items of the table or a segment of it, in pages of this size. */
async function scanAll(table: Table, limit: number, segment?: Segment): Promise<Item[]> {
  const items: Item[] = [];
  let after: Key | undefined;
  do {
    const page = await table.scan({
      limit,
      consistent: true,
      ...(after && { after }),
      ...(segment && { segment }),
    });
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

  const cuts = ["a", "blob#sha256:4", "blob#sha256:8", "blob#sha512:", "repo#", "repo#8", "zz"];
  for (const segments of [1, 3, 16, 100]) {
    test(`scan() comes by every item in one of ${segments} segments, and by partitions as a whole`, async (table) => {
      const digits = [..."0123456789abcdef"];
      const kinds = ["blob#sha256:", "blob#sha512:", "repo#", "upload#"];
      const partitions = kinds.flatMap((kind) => digits.map((digit) => kind + digit));
      const items = [...partitions, "repos", "auth"].flatMap((pk) =>
        ["a", "b"].map((sk) => item(sk, { pk }))
      );
      await table.putMany([...ITEMS, ...items]);
      const found: string[] = [];
      const owners = new Map<string, number>();
      for (let number = 0; number < segments; number++) {
        for (const { pk, sk } of await scanAll(table, 3, { number, of: segments, cuts })) {
          found.push(nameOf({ pk, sk }));
          assertEquals(owners.get(pk) ?? number, number);
          owners.set(pk, number);
        }
      }
      assertEquals(found.sort(), [...ITEMS, ...items].map(nameOf).sort());
    });
  }

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
