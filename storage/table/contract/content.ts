import { assert, assertEquals } from "@std/assert";
import { fill, item, type Test } from "./fixtures.ts";

/** Content is read as it was written. */
export function registerContent(test: Test): void {
  test("get() returns the written item: attributes, bytes and index", async (table) => {
    const written = item("s", {
      attributes: {
        text: 'é \u{1f600} \u0000 "\\',
        whole: 2 ** 53 - 1,
        fraction: -0.125,
        yes: true,
        nothing: null,
        list: [1, "two", [{ three: 3 }], []],
        "odd name": { "": {} },
      },
      bytes: Uint8Array.from({ length: 256 }, (_, byte) => byte),
      index: { pk: "ip", sk: "is" },
    });
    const version = await table.put(written, { ifAbsent: true });
    assert(version);
    assertEquals(await table.get({ pk: "p", sk: "s" }, { consistent: true }), { ...written, version });
    assertEquals(await table.query("p", { limit: 1, consistent: true }), [{ ...written, version }]);
  });

  test("get() answers no bytes and no index when a later write has none", async (table) => {
    const first = item("s", {
      attributes: { a: 1 },
      bytes: new Uint8Array([1]),
      index: { pk: "i", sk: "i" },
    });
    const ifVersion = await table.put(first, { ifAbsent: true });
    assert(ifVersion);
    const version = await table.put(item("s", { attributes: { b: 2 } }), { ifVersion });
    assert(version);
    assertEquals(await table.get({ pk: "p", sk: "s" }, { consistent: true }), {
      ...item("s", { attributes: { b: 2 } }),
      version,
    });
  });

  test("get() answers bytes that are empty, and a view of a larger buffer alone", async (table) => {
    await table.putMany([
      item("empty", { bytes: new Uint8Array() }),
      item("view", { bytes: new Uint8Array([0, 1, 2, 3]).subarray(1, 3) }),
    ]);
    const [empty, view] = await table.query("p", { limit: 2, consistent: true });
    assertEquals(empty?.bytes, new Uint8Array());
    assertEquals(view?.bytes, new Uint8Array([1, 2]));
  });

  test("put() keeps 300 KB as they are", async (table) => {
    const bytes = new Uint8Array(300_000).map((_, i) => (i * 31) % 251);
    await table.put(item("s", { bytes }), { ifAbsent: true });
    assertEquals((await table.get({ pk: "p", sk: "s" }, { consistent: true }))?.bytes, bytes);
  });

  test("put() stores a copy: later changes by the caller have no effect", async (table) => {
    const attributes = { list: [1], nested: { n: 1 } };
    const bytes = new Uint8Array([1, 2, 3]);
    const index = { pk: "i", sk: "i" };
    const writing = table.put(item("s", { attributes, bytes, index }), { ifAbsent: true });
    attributes.list.push(2);
    bytes.fill(0);
    index.sk = "changed";
    assert(await writing);

    for (let reading = 0; reading < 2; reading++) {
      const stored = await table.get({ pk: "p", sk: "s" }, { consistent: true });
      assert(stored);
      assertEquals(stored.attributes, { list: [1], nested: { n: 1 } });
      assertEquals(stored.bytes, new Uint8Array([1, 2, 3]));
      assertEquals(stored.index, { pk: "i", sk: "i" });
      (stored.attributes.list as number[]).push(3);
      stored.bytes?.fill(9);
      if (stored.index) stored.index.sk = "changed";
    }
  });

  test("getMany() answers in the order of the keys, with absent and repeated ones", async (table) => {
    await table.putMany([item("a"), item("b"), item("a", { pk: "q", attributes: { q: true } })]);
    const keys = [["p", "b"], ["p", "none"], ["q", "a"], ["p", "a"], ["p", "b"], ["none", "a"]] as const;
    const read = await table.getMany(keys.map(([pk, sk]) => ({ pk, sk })), { consistent: true });
    assertEquals(read.map((stored) => stored && [stored.pk, stored.sk]), [
      ["p", "b"],
      undefined,
      ["q", "a"],
      ["p", "a"],
      ["p", "b"],
      undefined,
    ]);
    assertEquals(read[2]?.attributes, { q: true });
    assertEquals(await table.getMany([]), []);
    // Two are few enough for a driver to take a shorter way.
    const two = await table.getMany([{ pk: "p", sk: "b" }, { pk: "q", sk: "a" }], { consistent: true });
    assertEquals(two.map((stored) => stored && [stored.pk, stored.sk]), [["p", "b"], ["q", "a"]]);
  });

  test("getMany() answers more than one batch", async (table) => {
    const names = Array.from({ length: 230 }, (_, n) => `s${n}`);
    await fill(table, names);
    const read = await table.getMany(names.map((sk) => ({ pk: "p", sk })), { consistent: true });
    assertEquals(read.map((stored) => stored?.sk), names);
  });
}
