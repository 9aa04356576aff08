import { createHash } from "node:crypto";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ContentMismatchError } from "../../errors.ts";
import type { ObjectStore } from "../object_store.ts";
import { content, read, type Test } from "./fixtures.ts";

const BYTES = content(1_000_000);
const CONTENT = { size: BYTES.length, sha256: createHash("sha256").update(BYTES).digest("hex") };

/** The bytes in pieces, and then the end or `failure`. */
export function streamOf(
  bytes: Uint8Array<ArrayBuffer>,
  failure?: Error,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at += 70_000));
      else if (failure) controller.error(failure);
      else controller.close();
    },
  });
}

async function putStream(store: ObjectStore, stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  assert(store.putStream);
  await store.putStream("a", stream, CONTENT);
}

/** Objects that come as a stream whose digest is known. */
export function registerStreams(test: Test): void {
  test("putStream() stores bytes that get() and size() return", async (store) => {
    await putStream(store, streamOf(BYTES));
    assertEquals(await read(store, "a"), BYTES);
    assertEquals(await store.size("a"), BYTES.length);
  });

  test("putStream() stores nothing when the bytes are others, fewer or more", async (store) => {
    const wrong = [content(BYTES.length, 2), BYTES.slice(0, -1), new Uint8Array(), content(BYTES.length + 1)];
    for (const bytes of wrong) {
      await assertRejects(() => putStream(store, streamOf(bytes)), ContentMismatchError);
    }
    assertEquals(await store.size("a"), undefined);
  });

  test("putStream() fails as its stream does", async (store) => {
    const broken = streamOf(BYTES.slice(0, 500_000), new RangeError("Broken"));
    await assertRejects(() => putStream(store, broken), RangeError, "Broken");
    assertEquals(await store.size("a"), undefined);
  });
}
