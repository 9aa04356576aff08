import { assert, assertEquals } from "@std/assert";
import type { QueryOptions, ReadOptions, Table } from "../table.ts";
import { fill, item, ORDERED, ORDERED_SORT_KEYS, sortKeys, type Test } from "./fixtures.ts";

/** Sort keys of a slice of a partition, by one of the methods that read it. */
type ReadKeys = (table: Table, pk: string, options: QueryOptions & ReadOptions) => Promise<string[]>;

/** Slices of a partition: order, prefix, paging. */
export function registerQueries(test: Test): void {
  registerSlices(test, "query", async (table, ...query) => sortKeys(await table.query(...query)));
  registerSlices(test, "queryKeys", (table, ...query) => table.queryKeys(...query));
}

function registerSlices(test: Test, method: string, read: ReadKeys): void {
  test(`${method}() answers one partition in the order of UTF-8 bytes`, async (table) => {
    await fill(table, ORDERED_SORT_KEYS);
    await table.putMany([
      item("other", { pk: "o" }),
      item("other", { pk: "q" }),
      item("other", { pk: "p#" }),
    ]);
    assertEquals(await read(table, "p", { limit: 1000, consistent: true }), ORDERED_SORT_KEYS);
    assertEquals(await read(table, "none", { limit: 1000, consistent: true }), []);
  });

  test(`${method}() returns only items with the prefix, with any last character`, async (table) => {
    await fill(table, ORDERED_SORT_KEYS);
    for (const prefix of [...ORDERED, "a.", "nothing begins so", "\u{10ffff}\u{10ffff}"]) {
      const expected = ORDERED_SORT_KEYS.filter((sk) => sk.startsWith(prefix));
      const found = await read(table, "p", { prefix, limit: 1000, consistent: true });
      assertEquals(found, expected, JSON.stringify(prefix));
    }
  });

  test(`${method}() goes on after a key, be it there or not`, async (table) => {
    await fill(table, ORDERED_SORT_KEYS.filter((sk) => sk !== "a-b"));
    const after = async (after: string, limit: number, prefix?: string) =>
      await read(table, "p", { after, limit, consistent: true, ...(prefix !== undefined && { prefix }) });
    assertEquals(await after("a#b", 2), ["a$", "a.b"]);
    assertEquals(await after("a-b", 2), ["a.b", "aB"]);
    assertEquals(await after("a", 2, "a#"), ["a#", "a#b"]);
    assertEquals(await after("a", 2, "a."), ["a.b"]);
    assertEquals(await after("a#", 2, "a#"), ["a#b"]);
    assertEquals(await after("\u{1f600}", 2, "\uffff"), []);
    assertEquals(await after("a$", 2, "a#"), []);
    assertEquals(await after("\u{10ffff}", 2), ["\u{10ffff}a"]);
    assertEquals(await after("\u{10ffff}a", 2), []);
  });

  test(`${method}() answers every item once when it is read page by page`, async (table) => {
    await fill(table, ORDERED_SORT_KEYS);
    const pages: string[][] = [];
    let after: string | undefined;
    while (true) {
      const options = after === undefined ? { limit: 4 } : { limit: 4, after };
      const page = await read(table, "p", { ...options, consistent: true });
      if (page.length === 0) break;
      pages.push(page);
      after = page.at(-1);
    }
    assertEquals(pages.flat(), ORDERED_SORT_KEYS);
    assert(pages.slice(0, -1).every((page) => page.length === 4));
  });

  test(`${method}() answers nothing when the limit is 0`, async (table) => {
    await fill(table, ["a"]);
    assertEquals(await read(table, "p", { limit: 0, consistent: true }), []);
  });
}
