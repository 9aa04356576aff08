import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ObjectStore } from "../object_store.ts";
import { content, type Test, type Together } from "./fixtures.ts";

/** In the order of their bytes: `-` sorts before `/`, and that before every digit and letter. */
const KEYS = [
  "-",
  "a",
  "a-",
  "a-/a",
  "a-b",
  "a/-",
  "a/0",
  "a/a",
  "a/a/a",
  "a/b",
  "a0",
  "aa",
  "aa/a",
  "b",
  "b-a/b",
]
  .concat(["b/0/0/0", "b/0/0/1", "b/0/1", "b/1", "b0/a", "c"]);

/** Content of the store: objects, and parts of incomplete ones. */
export function registerLists(test: Test, together: Together): void {
  const ordered = together(KEYS);

  async function fill(store: ObjectStore): Promise<void> {
    const shuffled = ordered.map((key, i) => ({ key, at: (i * 7919) % 101 })).sort((a, b) => a.at - b.at);
    for (const { key } of shuffled) await store.put(key, content(1));
  }

  test("list() answers keys in the order of their bytes", async (store) => {
    assertEquals(await store.list("", { limit: 100 }), []);
    await fill(store);
    assertEquals(await store.list("", { limit: 100 }), ordered);
  });

  test("list() returns keys that begin with the prefix, with an end at any character", async (store) => {
    await fill(store);
    for (
      const prefix of [
        "",
        "-",
        "a",
        "a-",
        "a/",
        "a/a",
        "a/a/",
        "a-/",
        "aa",
        "b/0/0/",
        "b/0/0/1",
        "c",
        "c/",
        "d",
        "d/e/f",
      ]
    ) {
      const expected = ordered.filter((key) => key.startsWith(prefix));
      assertEquals(await store.list(prefix, { limit: 100 }), expected, prefix);
    }
  });

  test("list() goes on after a key, be it there or not", async (store) => {
    await fill(store);
    for (
      const after of [
        ...ordered,
        "",
        "a.",
        "a//",
        "a/zz",
        "a0-",
        "b/",
        "b/0",
        "b/0/0",
        "b/0/00",
        "b/z",
        "zz",
        "é",
      ]
    ) {
      const expected = ordered.filter((key) => key > after);
      assertEquals(await store.list("", { after, limit: 100 }), expected, after);
      assertEquals(
        await store.list("b/", { after, limit: 100 }),
        expected.filter((key) => key.startsWith("b/")),
        after,
      );
    }
  });

  test("list() answers every key once when it is read page by page", async (store) => {
    await fill(store);
    const pages: string[][] = [];
    let after: string | undefined;
    while (true) {
      const page = await store.list("", after === undefined ? { limit: 4 } : { limit: 4, after });
      if (page.length === 0) break;
      pages.push(page);
      after = page.at(-1);
    }
    assertEquals(pages.flat(), ordered);
    assert(pages.slice(0, -1).every((page) => page.length === 4));
    assertEquals(await store.list("", { limit: 0 }), []);
  });

  test("list() and listParts() reject a prefix that no key can have", async (store) => {
    for (const prefix of ["/", "a//", ".", "../", "A", "a b", "a/../"]) {
      await assertRejects(() => store.list(prefix, { limit: 9 }), RangeError, "", prefix);
      await assertRejects(() => store.listParts(prefix, 9), RangeError, "", prefix);
    }
  });

  test("listParts() returns uploads in parts that are neither completed nor aborted", async (store) => {
    const begun = new Map<string, string>();
    for (const key of ["a/1", "a/2", "a/3", "a-", "b/1"]) begun.set(key, await store.startParts(key));
    const name = ({ key, partsId }: { key: string; partsId: string }) => `${key} ${partsId}`;
    const expected = (...keys: string[]) => keys.map((key) => `${key} ${begun.get(key)}`).sort();
    assertEquals((await store.listParts("", 9)).map(name).sort(), expected("a/1", "a/2", "a/3", "a-", "b/1"));
    assertEquals((await store.listParts("a/", 9)).map(name).sort(), expected("a/1", "a/2", "a/3"));
    assertEquals((await store.listParts("a/1", 9)).map(name), expected("a/1"));
    assertEquals(await store.listParts("c", 9), []);

    const part = await store.putPart("a/1", begun.get("a/1") ?? "", 1, content(1));
    await store.completeParts("a/1", begun.get("a/1") ?? "", [part]);
    await store.abortParts("a/2", begun.get("a/2") ?? "");
    await store.put("a/4", content(1));
    assertEquals((await store.listParts("a/", 9)).map(name), expected("a/3"));
  });

  test("listParts() answers all when each one is aborted and it is asked again", async (store) => {
    for (let i = 0; i < 7; i++) await store.startParts(`a/${i % 3}`);
    let seen = 0;
    while (true) {
      const some = await store.listParts("a/", 3);
      assert(some.length <= 3);
      if (some.length === 0) break;
      seen += some.length;
      for (const { key, partsId } of some) await store.abortParts(key, partsId);
    }
    assertEquals(seen, 7);
  });
}
