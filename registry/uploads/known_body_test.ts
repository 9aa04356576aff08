import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import {
  body,
  content,
  digest,
  hooked,
  OTHER,
  PRINCIPAL,
  pushBlob,
  readBlob,
  REPOSITORY,
  setBlobState,
  TestStores,
} from "../../tests/harness/stores.ts";
import { blobKey, linkKey } from "../items/mod.ts";
import type { Registry } from "../registry.ts";

const BYTES = content(30);
const BLOB = digest(BYTES);

/** Stores with the blob in {@linkcode OTHER}, and a process over them whose writes to the object store are listed. */
async function setUp({ beforeLink = () => Promise.resolve() }: { beforeLink?: () => Promise<void> } = {}) {
  const stores = new TestStores();
  await pushBlob(stores.registry().registry, BYTES, OTHER);
  const calls: string[] = [];
  const { registry } = stores.registry({
    objects: hooked(stores.objects, (method) => void calls.push(method)),
    table: hooked(stores.table, (method) => method === "putMany" ? beforeLink() : undefined),
  });
  return { stores, registry, calls };
}

/** Pushes by POST and PUT; answers how to do the PUT once more. */
async function startPush(registry: Registry) {
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const put = (bytes = BYTES, options: Parameters<typeof body>[1] = {}) =>
    registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB, body(bytes, options));
  return { id, put };
}

async function assertNotLinked(stores: TestStores): Promise<void> {
  assertEquals(await stores.table.get(linkKey(BLOB, REPOSITORY)), undefined);
}

Deno.test("commitUpload() stores nothing when the blob is there already", async () => {
  for (const options of [{}, { length: 30 }, { first: 0 }, { chunk: 30, length: 30 }]) {
    const { stores, registry, calls } = await setUp();
    const { put } = await startPush(registry);
    assertEquals(await put(BYTES, options), { digest: BLOB, size: 30 });
    assertEquals(calls, []);
    assertEquals(await put(BYTES, options), { digest: BLOB, size: 30 }, "repeated");
    assertEquals(await readBlob(registry, BLOB), BYTES);
    assertEquals((await stores.keys()).length, 1);
  }
});

Deno.test("putBlob() stores nothing when the blob is there already", async () => {
  const { registry, calls } = await setUp();
  assertEquals(await registry.putBlob(REPOSITORY, PRINCIPAL, BLOB, body(BYTES)), { digest: BLOB, size: 30 });
  assertEquals(calls, []);
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("commitUpload() with a known digest and other content answers DIGEST_INVALID and links nothing", async () => {
  for (const bytes of [content(30, 1), content(29), content(31), content(0)]) {
    const { stores, registry } = await setUp();
    const { put } = await startPush(registry);
    assertEquals((await assertRejects(() => put(bytes), RegistryError)).code, "DIGEST_INVALID");
    await assertNotLinked(stores);
    assertEquals((await assertRejects(() => put(), RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
    assertEquals(await readBlob(registry, BLOB, OTHER), BYTES);
  }
});

Deno.test("commitUpload() with a known digest and a body that ends early links nothing", async () => {
  const cuts = [
    { bytes: BYTES.slice(0, 9), options: { error: new Error("reset") } },
    { bytes: BYTES, options: { error: new Error("reset") } },
    { bytes: BYTES.slice(0, 9), options: { length: 30 } },
    { bytes: BYTES.slice(0, 9), options: { first: 0, length: 30 } },
  ];
  for (const { bytes, options } of cuts) {
    const { stores, registry, calls } = await setUp();
    const { id, put } = await startPush(registry);
    const error = await assertRejects(() => put(bytes, options), RegistryError);
    assertEquals([error.status, error.code], [400, "BLOB_UPLOAD_INVALID"]);
    await assertNotLinked(stores);
    assertEquals(calls, []);
    assertEquals((await registry.getUpload(REPOSITORY, PRINCIPAL, id)).offset, 0);
    assertEquals(await put(), { digest: BLOB, size: 30 });
  }
});

Deno.test("commitUpload() with a known digest rejects a body that is longer than announced, or too large", async () => {
  const { stores, registry } = await setUp();
  const { put } = await startPush(registry);
  const longer = await assertRejects(() => put(content(31), { length: 30 }), RegistryError);
  assertEquals(longer.code, "SIZE_INVALID");
  const limited = await startPush(stores.registry({ maxBlobSize: 29 }).registry);
  for (const options of [{}, { length: 30 }]) {
    const larger = await assertRejects(() => limited.put(BYTES, options), RegistryError);
    assertEquals([larger.status, larger.code], [413, "SIZE_INVALID"]);
  }
  await assertNotLinked(stores);
});

for (const state of ["deleting", "damaged"] as const) {
  Deno.test(`commitUpload() answers 503 when a known blob is ${state} before its link, and stores the bytes when they come again`, async () => {
    let isMarked = false;
    const { stores, registry } = await setUp({
      async beforeLink() {
        if (isMarked) return;
        isMarked = true;
        await setBlobState(stores, BLOB, state);
      },
    });
    const { put } = await startPush(registry);
    assertEquals((await assertRejects(() => put(), RegistryError)).status, 503);
    await assertRejects(() => registry.statBlob(REPOSITORY, BLOB), RegistryError);
    assertEquals(await put(), { digest: BLOB, size: 30 });
    assertEquals(await readBlob(registry, BLOB), BYTES);
  });
}

Deno.test("commitUpload() revives a known blob that is condemned before its link", async () => {
  let isMarked = false;
  const { stores, registry, calls } = await setUp({
    async beforeLink() {
      if (!isMarked) await setBlobState(stores, BLOB, "condemned");
      isMarked = true;
    },
  });
  const { put } = await startPush(registry);
  assertEquals(await put(), { digest: BLOB, size: 30 });
  assertEquals((await stores.table.get(blobKey(BLOB)))?.attributes.state, "live");
  assertEquals(calls, []);
});

Deno.test("commitUpload() stores the bytes of an old blob whose object is missing", async () => {
  const { stores, registry, calls } = await setUp();
  await stores.objects.delete(await stores.keys());
  stores.now += 13 * 60 * 60_000;
  const { put } = await startPush(registry);
  assertEquals(await put(), { digest: BLOB, size: 30 });
  assert(calls.includes("size"));
  assertEquals(await readBlob(registry, BLOB), BYTES);
});
