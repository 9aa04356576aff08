import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
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
import type { Registry } from "../registry.ts";

/** A process that has stored the first bytes of an upload, another one, and the reads of the first since then. */
async function setUp(bytes: Uint8Array<ArrayBuffer>) {
  const stores = new TestStores();
  let reads = 0;
  const table = hooked(stores.table, (method, [key]) => {
    if (method === "get" && (key as { pk: string }).pk.startsWith("upload#")) reads++;
  });
  const here = stores.registry({ table }).registry;
  const elsewhere = stores.registry().registry;
  const { id } = await here.startUpload(REPOSITORY, PRINCIPAL);
  await here.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes));
  reads = 0;
  return { stores, here, elsewhere, id, reads: () => reads };
}

const commit = (registry: Registry, id: string, bytes: Uint8Array, principal = PRINCIPAL) =>
  registry.commitUpload(REPOSITORY, principal, id, digest(bytes));

Deno.test("commitUpload() needs no read of an upload that this process has written last", async () => {
  for (const size of [5, 20]) {
    const bytes = content(size);
    const { here, id, reads } = await setUp(bytes);
    await commit(here, id, bytes);
    assertEquals([reads(), await readBlob(here, digest(bytes))], [0, bytes]);
    await commit(here, id, bytes);
  }
});

Deno.test("commitUpload() reads an upload that another process has continued since", async () => {
  const bytes = content(30);
  const { here, elsewhere, id, stores } = await setUp(bytes.slice(0, 20));
  await elsewhere.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(20)));
  await commit(here, id, bytes);
  assertEquals(await readBlob(elsewhere, digest(bytes)), bytes);
  assertEquals((await stores.keys()).length, 1);
});

Deno.test("commitUpload() answers as before if another process has committed, cancelled or swept the upload", async () => {
  const bytes = content(20);
  const committed = await setUp(bytes);
  await commit(committed.elsewhere, committed.id, bytes);
  assertEquals((await commit(committed.here, committed.id, bytes)).size, 20);

  const cancelled = await setUp(bytes);
  await cancelled.elsewhere.cancelUpload(REPOSITORY, PRINCIPAL, cancelled.id);
  const unknown = await assertRejects(() => commit(cancelled.here, cancelled.id, bytes), RegistryError);
  assertEquals(unknown.code, "BLOB_UPLOAD_UNKNOWN");
  await assertRejects(() => readBlob(cancelled.here, digest(bytes)), RegistryError);

  const swept = await setUp(bytes);
  swept.stores.now += 40 * 24 * 60 * 60_000;
  await swept.stores.registry().sweep();
  const gone = await assertRejects(() => commit(swept.here, swept.id, bytes), RegistryError);
  assertEquals(gone.code, "BLOB_UPLOAD_UNKNOWN");
});

Deno.test("commitUpload() gives the upload that this process remembers to its owner only", async () => {
  const bytes = content(20);
  const { here, id } = await setUp(bytes);
  const error = await assertRejects(() => commit(here, id, bytes, "another"), RegistryError);
  assertEquals(error.code, "BLOB_UPLOAD_UNKNOWN");
  assertEquals((await commit(here, id, bytes)).size, 20);
});

Deno.test("commitUpload() with another digest refuses the upload that this process remembers", async () => {
  const bytes = content(20);
  const { here, id, stores } = await setUp(bytes);
  const error = await assertRejects(() => commit(here, id, content(20, 9)), RegistryError);
  assertEquals(error.code, "DIGEST_INVALID");
  assertEquals([await stores.keys(), await stores.objects.listParts("", 9)], [[], []]);
});
