import { assertEquals } from "@std/assert";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import { createRegistry } from "../mod.ts";
import type { UploadBody } from "../registry.ts";

const PART_BYTES = 64 * 1024;

/** A body that stops for a while after `first` bytes; `stalled` settles when its reader wants more. */
function stalling(bytes: Uint8Array<ArrayBuffer>, first: number) {
  const stalled = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  let at = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (at === first) {
        stalled.resolve();
        await going.promise;
      }
      if (at === bytes.length) return controller.close();
      const end = Math.min(at < first ? first : bytes.length, at + 8192);
      controller.enqueue(bytes.slice(at, end));
      at = end;
    },
  }, { highWaterMark: 0 });
  const body: UploadBody = { stream, idle: 600_000 };
  return { body, stalled: stalled.promise, go: going.resolve };
}

Deno.test("appendUpload() makes clients that stall give up their place, and keeps their received bytes", async () => {
  const stores = new TestStores({ partSize: PART_BYTES });
  const { registry } = createRegistry({
    objects: stores.objects,
    table: stores.table,
    uploadMemory: 2 * PART_BYTES,
  });
  const slow = await Promise.all([1, 2, 3, 4].map(async (seed) => {
    const bytes = content(3 * PART_BYTES + seed, seed);
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const upload = stalling(bytes, 40 * 1024);
    return { ...upload, bytes, id, pushed: registry.appendUpload(REPOSITORY, PRINCIPAL, id, upload.body) };
  }));
  await Promise.all(slow.map(({ stalled }) => stalled));
  const quick = content(5 * PART_BYTES + 7, 5);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(quick, { chunk: 10_000 }));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(quick));
  assertEquals(await readBlob(registry, digest(quick)), quick);
  for (const { id, bytes, go, pushed } of slow) {
    go();
    await pushed;
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
    assertEquals(await readBlob(registry, digest(bytes)), bytes);
  }
  assertEquals((await stores.keys()).length, 5);
});

Deno.test("appendUpload() stays within its memory with any number of clients", async () => {
  const stores = new TestStores({ partSize: PART_BYTES });
  let [sending, most] = [0, 0];
  const send = (by: number) => (method: string, args: unknown[]) => {
    if (method !== "putPart") return;
    sending += by * (args[3] as Uint8Array).buffer.byteLength;
    most = Math.max(most, sending);
  };
  const objects = hooked(stores.objects, send(1), send(-1));
  const { registry } = createRegistry({ objects, table: stores.table, uploadMemory: 3 * PART_BYTES });
  await Promise.all(Array.from({ length: 20 }, async (_, seed) => {
    const bytes = content(4 * PART_BYTES + seed, seed);
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes, { chunk: 30_000 }));
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  }));
  assertEquals(most, 3 * PART_BYTES);
  assertEquals((await stores.keys()).length, 20);
});
