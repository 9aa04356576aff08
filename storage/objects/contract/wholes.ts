import { assert, assertEquals, assertRejects } from "@std/assert";
import { content, read, type Test, type Together } from "./fixtures.ts";

/** Objects that come in one piece, and every way to read one. */
export function registerWholes(test: Test, together: Together): void {
  test("get() and size() answer undefined when there is no object", async (store) => {
    assertEquals(await store.get("a/b"), undefined);
    assertEquals(await store.get("a/b", { first: 0, last: 0 }), undefined);
    assertEquals(await store.size("a/b"), undefined);
    await store.put("a/b/c", content(1));
    assertEquals(await store.get("a/b"), undefined);
    assertEquals(await store.size("a/b"), undefined);
  });

  test("put() stores bytes that get() and size() return", async (store) => {
    const bytes = content(700_001);
    await store.put("blobs/ab/object-1", bytes);
    assertEquals(await read(store, "blobs/ab/object-1"), bytes);
    assertEquals(await store.size("blobs/ab/object-1"), 700_001);
  });

  test("put() stores an object of no bytes", async (store) => {
    await store.put("empty", new Uint8Array());
    assertEquals(await read(store, "empty"), new Uint8Array());
    assertEquals(await store.size("empty"), 0);
  });

  test("put() stores a view of a larger buffer alone", async (store) => {
    await store.put("view", content(10).subarray(3, 7));
    assertEquals(await read(store, "view"), content(10).slice(3, 7));
  });

  test("put() is not touched when the caller uses its bytes for something else", async (store) => {
    const bytes = content(100);
    await store.put("kept", bytes);
    bytes.fill(0);
    const once = await read(store, "kept");
    assertEquals(once, content(100));
    once?.fill(0);
    assertEquals(await read(store, "kept"), content(100));
  });

  test("put() stores under keys that begin with each other", async (store) => {
    const keys = together(["a", "a/a", "a/a/a", "a-a", "aa", "-", "0"]);
    await Promise.all(keys.map((key, i) => store.put(key, content(10, i))));
    for (const [i, key] of keys.entries()) assertEquals(await read(store, key), content(10, i), key);
  });

  test("put() stores many objects at once", async (store) => {
    const keys = Array.from({ length: 40 }, (_, i) => `new/${i % 4}/${i}/object`);
    await Promise.all(keys.map((key, i) => store.put(key, content(100, i))));
    for (const [i, key] of keys.entries()) assertEquals(await read(store, key), content(100, i), key);
  });

  test("get() answers the range alone, with the size of the whole", async (store) => {
    const bytes = content(1_000_003);
    await store.put("object", bytes);
    const ranges = [[0, 0], [0, 1_000_002], [1_000_002, 1_000_002], [1, 1_000_001], [5, 400_000], [
      999_000,
      1_000_002,
    ]];
    for (const [first = 0, last = 0] of ranges) {
      assertEquals(
        await read(store, "object", { first, last }),
        bytes.slice(first, last + 1),
        `${first}-${last}`,
      );
    }
    const found = await store.get("object", { first: 1, last: 2 });
    await found?.body.cancel();
    assertEquals(found?.size, 1_000_003);
  });

  test("get() refuses a range that does not lie within the object", async (store) => {
    await store.put("object", content(10));
    for (const [first, last] of [[0, 10], [10, 10], [5, 4], [-1, 4], [0.5, 4], [0, NaN]] as const) {
      await assertRejects(() => store.get("object", { first, last }), RangeError, "", `${first}-${last}`);
    }
  });

  test("get() answers a stream that can be cancelled at any place", async (store) => {
    await store.put("object", content(1_000_000));
    for (const range of [undefined, { first: 0, last: 900_000 }]) {
      const unread = await store.get("object", range);
      await unread?.body.cancel();

      const begun = await store.get("object", range);
      const reader = begun?.body.getReader();
      assert((await reader?.read())?.value);
      await reader?.cancel();

      const reading = await store.get("object", range);
      const last = reading?.body.getReader();
      const pending = last?.read();
      await last?.cancel();
      await pending;
    }
    assertEquals(await read(store, "object"), content(1_000_000));
  });

  test("get() can be called several times at once", async (store) => {
    await store.put("object", content(600_000));
    const [whole, range, again] = await Promise.all([
      read(store, "object"),
      read(store, "object", { first: 100, last: 500_099 }),
      read(store, "object"),
    ]);
    assertEquals(whole, content(600_000));
    assertEquals(range, content(600_000).slice(100, 500_100));
    assertEquals(again, content(600_000));
  });

  test("delete() deletes the objects alone, absent ones too", async (store) => {
    for (const key of together(["a/1", "a/2", "a/1/3", "b"])) await store.put(key, content(3));
    await store.delete(["a/1", "none", "a/none", "none/none/none", "b"]);
    assertEquals(await read(store, "a/1"), undefined);
    assertEquals(await store.size("b"), undefined);
    assertEquals(await store.list("", { limit: 9 }), ["a/1/3", "a/2"]);
    await store.delete([]);
    await store.delete(["a/1"]);
  });

  test("put() stores while neighbours are deleted", async (store) => {
    for (let round = 0; round < 20; round++) {
      await store.put("shared/folder/old", content(1));
      await Promise.all([
        store.delete(["shared/folder/old"]),
        store.put(`shared/folder/new-${round}`, content(1)),
        store.delete([`shared/folder/new-${round - 1}`]),
      ]);
      assertEquals(await store.list("shared/", { limit: 9 }), [`shared/folder/new-${round}`]);
    }
  });

  test("every method rejects a malformed key", async (store) => {
    const wrong = [
      "",
      "/",
      "/a",
      "a/",
      "a//b",
      ".",
      "..",
      "../a",
      "a/../b",
      "A",
      "a.b",
      "a_b",
      "a b",
      "a%2fb",
      "ä",
      "a\\b",
    ]
      .concat(["a\0", "a\n", "a".repeat(201)]);
    for (const key of wrong) {
      for (
        const call of [
          () => store.get(key),
          () => store.size(key),
          () => store.put(key, content(1)),
          () => store.startParts(key),
          () => store.putPart(key, "id", 1, content(1)),
          () => store.completeParts(key, "id", [{ number: 1, size: 1, etag: "" }]),
          () => store.abortParts(key, "id"),
          () => store.delete([key]),
        ]
      ) {
        await assertRejects(call, RangeError, "", `${JSON.stringify(key)} ${call}`);
      }
    }
    const longest = `${"a".repeat(99)}/${"b".repeat(100)}`;
    await store.put(longest, content(1));
    assertEquals(await store.list("", { limit: 9 }), [longest]);
    const segment = "c".repeat(200);
    await store.put(segment, content(1));
    assertEquals(await store.list("c", { limit: 9 }), [segment]);
  });
}
