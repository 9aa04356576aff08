import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../oci/mod.ts";
import { ContentMismatchError, StorageFullError, UnavailableError } from "../storage/ports.ts";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../tests/harness/stores.ts";
import type { Registry, UploadBody } from "./mod.ts";

const MIB = 1024 * 1024;

/** A registry whose objects can't be written, and all that it asks of them. */
function withoutObjects(options: { partSize: number; verifies?: boolean }) {
  const stores = new TestStores(options);
  const calls: string[] = [];
  const objects = hooked(stores.objects, (method) => {
    calls.push(method);
    if (method.startsWith("put")) throw new UnavailableError("store it", undefined);
  });
  return { calls, stores, registry: stores.registry({ objects }).registry };
}

function bodyOf(bytes: Uint8Array<ArrayBuffer>): UploadBody {
  return { stream: new Blob([bytes]).stream(), idle: 1000, length: bytes.length };
}

Deno.test("appendUpload() asks nothing more of a store that does not answer", async () => {
  const { calls, registry } = withoutObjects({ partSize: 8 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await assertRejects(
    () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, bodyOf(content(7))),
    UnavailableError,
  );
  assertEquals(calls, ["put"]);
});

Deno.test("commitUpload() asks nothing more of a store that does not answer while it streams", async () => {
  const { calls, registry } = withoutObjects({ partSize: 8 * MIB, verifies: true });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const bytes = content(2 * MIB);
  await assertRejects(
    () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), bodyOf(bytes)),
    UnavailableError,
  );
  assertEquals(calls, ["putStream"]);
});

Deno.test("commitUpload() succeeds when it is repeated after an outage, and the sweep cleans up", async () => {
  const { stores, registry } = withoutObjects({ partSize: 8 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const bytes = content(30);
  const commit = (via: Registry) => {
    return via.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), bodyOf(bytes));
  };
  await assertRejects(() => commit(registry), UnavailableError);
  const { registry: recovered, sweep } = stores.registry({ uploadExpiry: 1000 });
  assertEquals(await commit(recovered), { digest: digest(bytes), size: 30 });
  stores.now += 25 * 60 * 60 * 1000;
  await sweep();
  assertEquals((await stores.keys()).length, 1);
  assertEquals(await stores.objects.listParts("", 10), []);
});

Deno.test("commitUpload() gives an upload up when the store has lost a part of it", async () => {
  const stores = new TestStores({ partSize: 8 });
  const objects = hooked(stores.objects, (method) => {
    if (method === "completeParts") throw new ContentMismatchError("it");
  });
  const { registry } = stores.registry({ objects });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const bytes = content(30);
  const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), bodyOf(bytes));
  assertEquals((await assertRejects(commit, RegistryError)).status, 503);
  assertEquals((await assertRejects(commit, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
  assertEquals(await stores.objects.listParts("", 10), []);
});

Deno.test("commitUpload() finds its bytes when the answer of an earlier chunk's write was lost", async () => {
  const stores = new TestStores({ partSize: 8 });
  for (const size of [3, 20]) { // an object of its own, and parts
    let isLost = false;
    const table = hooked(stores.table, () => {}, (method, [item]) => {
      const { attributes } = Object(item) as { attributes?: { offset?: number } };
      if (method !== "put" || attributes?.offset !== size || isLost) return;
      isLost = true;
      throw new UnavailableError("write the item", undefined);
    });
    const { registry } = stores.registry({ table });
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const bytes = content(size + 5, size);
    const first = body(bytes.slice(0, size), { first: 0 });
    await assertRejects(
      () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, first),
      UnavailableError,
    );
    const { offset } = await registry.getUpload(REPOSITORY, PRINCIPAL, id);
    assertEquals(offset, size);
    const rest = body(bytes.slice(size), { first: offset });
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), rest);
    assertEquals(await readBlob(registry, digest(bytes)), bytes);
  }
});

for (const way of ["put", "putStream"]) {
  Deno.test(`commitUpload() leaves no object when its upload was swept before a ${way} without an answer`, async () => {
    const stores = new TestStores({ partSize: 2 * MIB, verifies: way === "putStream" });
    const upkeep = stores.registry({ uploadExpiry: 1000 });
    const objects = hooked(stores.objects, async (method) => {
      if (method !== way) return;
      // The process stands still.
      stores.now += 25 * 60 * 60_000;
      await upkeep.sweep();
    }, (method) => {
      if (method === way) throw new UnavailableError("store it", undefined);
    });
    const { registry } = stores.registry({ objects });
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const bytes = content(way === "put" ? 7 : MIB + 1);
    const error = await assertRejects(
      () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), bodyOf(bytes)),
      RegistryError,
    );
    assertEquals(error.code, "BLOB_UPLOAD_UNKNOWN");
    assertEquals(await stores.keys(), []);
  });
}

for (const failure of [new StorageFullError("SQLITE_FULL"), new Error("a mistake")]) {
  Deno.test(`commitUpload() throws the ${failure.name} for which its upload could not be announced`, async () => {
    const stores = new TestStores();
    let fails = true;
    const table = hooked(stores.table, (method) => {
      if (fails && method === "put") throw failure;
    });
    const { registry } = stores.registry({ table });
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const bytes = content(7);
    for (const first of [0, 7]) { // announced at once, and after a look whether it is there
      const sent = body(bytes.slice(first), { first });
      const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), sent);
      assertEquals(await assertRejects(commit), failure);
    }
    fails = false;
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), bodyOf(bytes));
    assertEquals(await readBlob(registry, digest(bytes)), bytes);
  });
}

Deno.test("commitUpload() leaves no object if it lost its upload and cannot read the state", async () => {
  const stores = new TestStores({ partSize: 8 });
  const upkeep = stores.registry({ uploadExpiry: 1000 });
  let isLost = false;
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "put") return;
    // The process stands still.
    stores.now += 25 * 60 * 60_000;
    await upkeep.sweep();
    isLost = true;
  });
  const table = hooked(stores.table, (method) => {
    if (isLost && method === "get") throw new UnavailableError("read the item", undefined);
  });
  const { registry } = stores.registry({ objects, table });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const first = body(content(7), { first: 0 });
  const error = await assertRejects(
    () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, first),
    RegistryError,
  );
  assertEquals(error.status, 503);
  assertEquals(await stores.keys(), []);
});
