import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { fill, item, sortKeys, type Test } from "./fixtures.ts";

/** Conditions, and what becomes of them when writers race. */
export function registerWrites(test: Test): void {
  test("get() answers undefined when nothing was written", async (table) => {
    assertEquals(await table.get({ pk: "p", sk: "s" }), undefined);
    assertEquals(await table.get({ pk: "p", sk: "s" }, { consistent: true }), undefined);
  });

  test("put() if absent writes once and keeps an existing item", async (table) => {
    const version = await table.put(item("s", { attributes: { by: "first" } }), { ifAbsent: true });
    assert(version);
    assertEquals(
      await table.put(item("s", { attributes: { by: "second" } }), { ifAbsent: true }),
      undefined,
    );
    assertEquals(await table.get({ pk: "p", sk: "s" }, { consistent: true }), {
      ...item("s", { attributes: { by: "first" } }),
      version,
    });
  });

  test("put() if version writes when the version is the stored one alone", async (table) => {
    const first = await table.put(item("s"), { ifAbsent: true });
    assert(first);
    const second = await table.put(item("s", { attributes: { n: 2 } }), { ifVersion: first });
    assert(second);
    assertNotEquals(second, first);
    assertEquals(await table.put(item("s", { attributes: { n: 3 } }), { ifVersion: first }), undefined);
    assertEquals((await table.get({ pk: "p", sk: "s" }, { consistent: true }))?.attributes, { n: 2 });
  });

  test("put() if version writes nothing when the item is absent", async (table) => {
    assertEquals(await table.put(item("s"), { ifVersion: "no-such-version" }), undefined);
    assertEquals(await table.get({ pk: "p", sk: "s" }, { consistent: true }), undefined);
  });

  test("put() if absent has one winner when many race", async (table) => {
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, by) => table.put(item("s", { attributes: { by } }), { ifAbsent: true })),
    );
    const winners = answers.flatMap((version, by) => version === undefined ? [] : [{ version, by }]);
    assertEquals(winners.length, 1);
    const stored = await table.get({ pk: "p", sk: "s" }, { consistent: true });
    assertEquals([{ version: stored?.version, by: stored?.attributes.by }], winners as unknown[]);
  });

  test("put() if version has one winner when many race", async (table) => {
    const ifVersion = await table.put(item("s"), { ifAbsent: true });
    assert(ifVersion);
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, by) => table.put(item("s", { attributes: { by } }), { ifVersion })),
    );
    const winners = answers.flatMap((version, by) => version === undefined ? [] : [{ version, by }]);
    assertEquals(winners.length, 1);
    const stored = await table.get({ pk: "p", sk: "s" }, { consistent: true });
    assertEquals([{ version: stored?.version, by: stored?.attributes.by }], winners as unknown[]);
  });

  test("put() and delete() of one version have one winner when they race", async (table) => {
    const ifVersion = await table.put(item("s"), { ifAbsent: true });
    assert(ifVersion);
    const [written, ...deleted] = await Promise.all([
      table.put(item("s"), { ifVersion }),
      table.delete({ pk: "p", sk: "s" }, { ifVersion }),
      table.delete({ pk: "p", sk: "s" }, { ifVersion }),
    ]);
    assertEquals([written !== undefined, ...deleted].filter(Boolean).length, 1);
    const stored = await table.get({ pk: "p", sk: "s" }, { consistent: true });
    assertEquals(stored?.version, written);
  });

  test("put() gives every write a version of its own", async (table) => {
    const versions = await Promise.all(
      Array.from({ length: 50 }, (_, n) => table.put(item(`s${n}`), { ifAbsent: true })),
    );
    assertEquals(new Set(versions).size, 50);
    await table.putMany([item("s0"), item("s1")]);
    const rewritten = await table.getMany([{ pk: "p", sk: "s0" }, { pk: "p", sk: "s1" }], {
      consistent: true,
    });
    assertEquals(new Set([...versions, ...rewritten.map((stored) => stored?.version)]).size, 52);
  });

  test("delete() deletes when the version is the stored one alone", async (table) => {
    const version = await table.put(item("s"), { ifAbsent: true });
    assert(version);
    assertEquals(await table.delete({ pk: "p", sk: "s" }, { ifVersion: "no-such-version" }), false);
    assertEquals(sortKeys(await table.query("p", { limit: 9, consistent: true })), ["s"]);
    assertEquals(await table.delete({ pk: "p", sk: "s" }, { ifVersion: version }), true);
    assertEquals(await table.query("p", { limit: 9, consistent: true }), []);
    assertEquals(await table.delete({ pk: "p", sk: "s" }, { ifVersion: version }), false);
  });

  test("put() if absent writes again when the item was deleted", async (table) => {
    const ifVersion = await table.put(item("s"), { ifAbsent: true });
    assert(ifVersion);
    await table.delete({ pk: "p", sk: "s" }, { ifVersion });
    assertEquals(await table.put(item("s"), { ifVersion }), undefined);
    assert(await table.put(item("s"), { ifAbsent: true }));
  });

  test("putMany() overwrites existing items, and writes more than one batch", async (table) => {
    const names = Array.from({ length: 230 }, (_, n) => `s${String(n).padStart(3, "0")}`);
    const before = await table.put(item("s007", { attributes: { old: true } }), { ifAbsent: true });
    await fill(table, names, (sk) => ({ attributes: { sk } }));
    const stored = await table.query("p", { limit: 1000, consistent: true });
    assertEquals(sortKeys(stored), names);
    assertEquals(stored.map(({ attributes }) => attributes.sk), names);
    assertNotEquals(stored[7]?.version, before);
    await table.putMany([]);
  });
}
