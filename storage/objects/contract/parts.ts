import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertRejects } from "@std/assert";
import { ContentMismatchError, UnknownPartsError } from "../../errors.ts";
import type { ObjectStore, Part } from "../object_store.ts";
import { content, read, type Test } from "./fixtures.ts";

/** Stores `bytes` in parts under the key, in the order of `numbers`, and answers them in their own order. */
async function putParts(
  store: ObjectStore,
  key: string,
  partsId: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Part[]> {
  const count = Math.ceil(bytes.length / store.partSize);
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  // The last one first, and several on their way at once.
  const parts = await Promise.all(
    numbers.toReversed().map((number) => store.putPart(key, partsId, number, partOf(store, bytes, number))),
  );
  return parts.reverse();
}

function partOf(
  store: ObjectStore,
  bytes: Uint8Array<ArrayBuffer>,
  number: number,
): Uint8Array<ArrayBuffer> {
  return bytes.subarray((number - 1) * store.partSize, number * store.partSize);
}

/** Objects that come in parts. */
export function registerParts(test: Test): void {
  test("completeParts() makes one object of parts that came in any order at once", async (store) => {
    const bytes = content(store.partSize * 4 + 17);
    const partsId = await store.startParts("blobs/a");
    const parts = await putParts(store, "blobs/a", partsId, bytes);
    assertEquals(parts.map(({ number, size }) => [number, size]), [
      ...[1, 2, 3, 4].map((number) => [number, store.partSize]),
      [5, 17],
    ]);
    await store.completeParts("blobs/a", partsId, parts);
    assertEquals(await read(store, "blobs/a"), bytes);
    assertEquals(await store.size("blobs/a"), bytes.length);
    const [first, last] = [store.partSize - 2, store.partSize * 2 + 1];
    assertEquals(await read(store, "blobs/a", { first, last }), bytes.slice(first, last + 1));
    assertEquals(await store.listParts("", 9), []);
  });

  test("completeParts() makes an object of parts that came one by one", async (store) => {
    const bytes = content(store.partSize * 3);
    const partsId = await store.startParts("a");
    const parts: Part[] = [];
    for (const number of [2, 1, 3]) {
      parts[number - 1] = await store.putPart("a", partsId, number, partOf(store, bytes, number));
    }
    await store.completeParts("a", partsId, parts);
    assertEquals(await read(store, "a"), bytes);
  });

  test("completeParts() makes an object of one part, be it full or small", async (store) => {
    for (const [key, size] of [["small", 5], ["full", store.partSize]] as const) {
      const partsId = await store.startParts(key);
      await store.completeParts(key, partsId, await putParts(store, key, partsId, content(size)));
      assertEquals(await read(store, key), content(size));
    }
  });

  test("putPart() shows nothing under the key before completeParts()", async (store) => {
    const partsId = await store.startParts("a/b");
    assertEquals(await store.get("a/b"), undefined);
    await putParts(store, "a/b", partsId, content(store.partSize + 1));
    assertEquals(await store.get("a/b"), undefined);
    assertEquals(await store.size("a/b"), undefined);
    assertEquals(await store.list("", { limit: 9 }), []);
    await store.abortParts("a/b", partsId);
  });

  test("putPart() is not touched when the caller uses its bytes for something else", async (store) => {
    const bytes = content(store.partSize);
    const partsId = await store.startParts("a");
    const part = await store.putPart("a", partsId, 1, bytes);
    bytes.fill(0);
    await store.completeParts("a", partsId, [part]);
    assertEquals(await read(store, "a"), content(store.partSize));
  });

  test("putPart() overwrites when a number comes again, with more bytes or fewer", async (store) => {
    for (const [key, size, again] of [["more", 5, 9], ["fewer", 9, 5]] as const) {
      const partsId = await store.startParts(key);
      const bytes = content(store.partSize * 2 + again);
      const first = await store.putPart(key, partsId, 1, content(store.partSize, 7));
      await store.putPart(key, partsId, 3, content(size, 7));
      const parts = await putParts(store, key, partsId, bytes);
      assertNotEquals(parts[0]?.etag, first.etag);
      await store.completeParts(key, partsId, parts);
      assertEquals(await read(store, key), bytes);
      assertEquals(await store.listParts("", 9), []);
    }
  });

  test("completeParts() never takes a later part for an overwritten one", async (store) => {
    const partsId = await store.startParts("a");
    const [first] = await Promise.all([
      store.putPart("a", partsId, 1, content(store.partSize, 1)),
      store.putPart("a", partsId, 1, content(store.partSize, 2)),
    ]);
    await store.putPart("a", partsId, 1, content(store.partSize, 3));
    await store.completeParts("a", partsId, [first]).catch((error) => {
      assertInstanceOf(error, ContentMismatchError);
    });
    const found = await read(store, "a");
    if (found) assertEquals(found, content(store.partSize, 1));
  });

  test("putPart() leaves a completed object alone", async (store) => {
    const partsId = await store.startParts("a");
    const part = await store.putPart("a", partsId, 1, content(store.partSize));
    await store.completeParts("a", partsId, [part]);
    for (const number of [1, 2]) {
      const late = () => store.putPart("a", partsId, number, content(store.partSize, 2));
      await assertRejects(late, UnknownPartsError);
    }
    assertEquals(await read(store, "a"), content(store.partSize));
  });

  test("putPart() racing with completeParts() leaves the object as it was completed", async (store) => {
    const partsId = await store.startParts("a");
    const part = await store.putPart("a", partsId, 1, content(store.partSize));
    const late = [2, 3, 2].map((number) => store.putPart("a", partsId, number, content(store.partSize, 2)));
    const completing = store.completeParts("a", partsId, [part]);
    late.push(...[2, 4].map((number) => store.putPart("a", partsId, number, content(store.partSize, 3))));
    await Promise.allSettled(late);
    await completing;
    assertEquals(await read(store, "a"), content(store.partSize));
    for (const begun of await store.listParts("", 9)) await store.abortParts(begun.key, begun.partsId);
    assertEquals(await store.listParts("", 9), []);
    assertEquals(await read(store, "a"), content(store.partSize));
  });

  test("putPart() refuses more bytes than a part holds and numbers that are none", async (store) => {
    const partsId = await store.startParts("a");
    await assertRejects(() => store.putPart("a", partsId, 1, content(store.partSize + 1)), RangeError);
    for (const number of [0, -1, 1.5, NaN]) {
      await assertRejects(() => store.putPart("a", partsId, number, content(1)), RangeError);
    }
    await store.abortParts("a", partsId);
  });

  test("completeParts() succeeds again when it was done", async (store) => {
    const partsId = await store.startParts("a/b");
    const parts = await putParts(store, "a/b", partsId, content(store.partSize + 1));
    await store.completeParts("a/b", partsId, parts);
    await store.completeParts("a/b", partsId, parts);
    // With other parts it may fail, or be taken for the same again: the object stays as it is.
    await store.completeParts("a/b", partsId, parts.slice(0, 1)).catch(() => {});
    assertEquals(await read(store, "a/b"), content(store.partSize + 1));
  });

  test("completeParts() succeeds once or twice when two do it at once", async (store) => {
    const bytes = content(store.partSize * 2 + 1);
    const partsId = await store.startParts("a");
    await store.putPart("a", partsId, 2, content(store.partSize, 3));
    const parts = await putParts(store, "a", partsId, bytes);
    const outcomes = await Promise.allSettled([1, 2].map(() => store.completeParts("a", partsId, parts)));
    assert(outcomes.some(({ status }) => status === "fulfilled"));
    assertEquals(await read(store, "a"), bytes);
  });

  test("completeParts() refuses parts that are out of place or of the wrong size", async (store) => {
    const partsId = await store.startParts("a");
    const [one, two, three] = await putParts(store, "a", partsId, content(store.partSize * 2 + 1));
    assert(one && two && three);
    const wrong = [[], [two], [one, three], [two, one], [one, one], [three, two], [
      { ...one, number: 0 },
      two,
    ]]
      .concat([[{ ...one, size: 3 }, two], [one, { ...two, size: store.partSize + 1 }]]);
    for (const parts of wrong) {
      await assertRejects(
        () => store.completeParts("a", partsId, parts),
        RangeError,
        "",
        JSON.stringify(parts),
      );
    }
    assertEquals(await store.get("a"), undefined);
    await store.completeParts("a", partsId, [one, two, three]);
    assertEquals(await read(store, "a"), content(store.partSize * 2 + 1));
  });

  test("completeParts() refuses a part that was never stored", async (store) => {
    const partsId = await store.startParts("a");
    const part = await store.putPart("a", partsId, 1, content(store.partSize));
    const never = { number: 2, size: 5, etag: part.etag };
    await assertRejects(() => store.completeParts("a", partsId, [part, never]), Error);
    await assertRejects(() => store.completeParts("a", partsId, [{ ...part, etag: "../../a" }]), Error);
    assertEquals(await store.get("a"), undefined);
    await store.abortParts("a", partsId);
  });

  test("abortParts() forgets the parts, and is done again without harm", async (store) => {
    const partsId = await store.startParts("a/b");
    const parts = await putParts(store, "a/b", partsId, content(store.partSize + 1));
    await store.putPart("a/b", partsId, 1, content(store.partSize));
    await store.abortParts("a/b", partsId);
    assertEquals(await store.listParts("", 9), []);
    // Ceph answers 500 to this.
    await assertRejects(() => store.completeParts("a/b", partsId, parts), Error);
    await assertRejects(() => store.putPart("a/b", partsId, 1, content(1)), UnknownPartsError);
    assertEquals(await store.get("a/b"), undefined);
    await store.abortParts("a/b", partsId);
    await store.abortParts("a/b", "no-such-parts");
    await store.abortParts("never/begun", "../../a/b");
  });

  test("abortParts() leaves the object when it is complete", async (store) => {
    const partsId = await store.startParts("a");
    await store.completeParts("a", partsId, await putParts(store, "a", partsId, content(5)));
    await store.abortParts("a", partsId);
    assertEquals(await read(store, "a"), content(5));
  });

  test("putPart() and completeParts() refuse parts of another key", async (store) => {
    const partsId = await store.startParts("a");
    const part = await store.putPart("a", partsId, 1, content(5));
    await assertRejects(() => store.putPart("b", partsId, 1, content(5)), Error);
    await assertRejects(() => store.completeParts("b", partsId, [part]), Error);
    await store.abortParts("b", partsId);
    await store.completeParts("a", partsId, [part]);
  });

  test("startParts() begins parts of their own each time", async (store) => {
    const ids = await Promise.all([1, 2, 3].map(() => store.startParts("blobs/a")));
    assertEquals(new Set(ids).size, 3);
    const [kept = "", ...others] = ids;
    const parts = await putParts(store, "blobs/a", kept, content(store.partSize + 1));
    for (const partsId of others) {
      await putParts(store, "blobs/a", partsId, content(store.partSize + 1, 2));
      await store.abortParts("blobs/a", partsId);
    }
    await store.completeParts("blobs/a", kept, parts);
    assertEquals(await read(store, "blobs/a"), content(store.partSize + 1));
  });
}
