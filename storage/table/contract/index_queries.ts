import { assert, assertEquals } from "@std/assert";
import { pause } from "../../timeout.ts";
import type { Table } from "../table.ts";
import { item, ORDERED_SORT_KEYS, sortKeys, type Test } from "./fixtures.ts";

/** Asks until the answer is the expected one: an index may lag. */
async function assertIndex(
  table: Table,
  pk: string,
  expected: string[],
  options: { prefix?: string; after?: string; limit?: number } = {},
  arrange: (found: string[]) => string[] = (found) => found,
): Promise<void> {
  for (let attempt = 0;; attempt++) {
    const found = arrange(sortKeys(await table.queryIndex(pk, { limit: 1000, ...options })));
    if (found.join("\n") === expected.join("\n") || attempt === 100) return assertEquals(found, expected);
    await pause(20);
  }
}

/** The same by index key, and how it follows the writes. */
export function registerIndexQueries(test: Test): void {
  test("queryIndex() answers by index key, with prefix, after and limit as query() does", async (table) => {
    const skOf = new Map(ORDERED_SORT_KEYS.map((indexed, n) => [indexed, `item-${n}`]));
    const expected = (indexed: string[]) => indexed.map((sk) => skOf.get(sk) as string);
    await table.putMany(
      [...skOf].reverse().map(([sk, own]) => ({ pk: own, sk: own, attributes: {}, index: { pk: "i", sk } })),
    );
    await table.putMany([item("unindexed"), item("elsewhere", { index: { pk: "i2", sk: "a" } })]);
    await assertIndex(table, "i", expected(ORDERED_SORT_KEYS));
    await assertIndex(table, "i", expected(["a#", "a#b"]), { prefix: "a#" });
    await assertIndex(table, "i", expected(["a#b", "a$"]), { after: "a#", limit: 2 });
    await assertIndex(table, "i", expected(["a.b"]), { after: "a-c", limit: 1 });
    await assertIndex(table, "i2", ["elsewhere"]);
    await assertIndex(table, "none", []);
  });

  test("queryIndex() answers whole items", async (table) => {
    const written = item("s", {
      attributes: { n: 1 },
      bytes: new Uint8Array([1]),
      index: { pk: "i", sk: "a" },
    });
    const version = await table.put(written, { ifAbsent: true });
    assert(version);
    await assertIndex(table, "i", ["s"]);
    assertEquals(await table.queryIndex("i", { limit: 1 }), [{ ...written, version }]);
  });

  test("queryIndex() returns every item under one index key, written in any order", async (table) => {
    await table.putMany(["a", "b", "c"].map((sk) => item(sk, { index: { pk: "i", sk: "same" } })));
    await assertIndex(table, "i", ["a", "b", "c"], {}, (found) => found.sort());
  });

  test("queryIndex() follows an item that moves, leaves or is deleted", async (table) => {
    const at = (sk: string) => ({ index: { pk: "i", sk } });
    await table.putMany([item("moves", at("1")), item("leaves", at("2")), item("goes", at("3"))]);
    await assertIndex(table, "i", ["moves", "leaves", "goes"]);
    await table.putMany([item("moves", at("9")), item("leaves")]);
    await assertIndex(table, "i", ["goes", "moves"]);
    const stored = await table.get({ pk: "p", sk: "goes" }, { consistent: true });
    assert(stored);
    await table.delete({ pk: "p", sk: "goes" }, { ifVersion: stored.version });
    await assertIndex(table, "i", ["moves"]);
  });
}
