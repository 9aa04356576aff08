import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { assertConsistent, assertNothingLeft } from "../../tests/harness/invariants.ts";
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
import { BrokenBodyError } from "../../storage/mod.ts";
import { createRegistry } from "../mod.ts";

const BLOB_BYTES = 1024 * 1024;
const BLOB = content(BLOB_BYTES);

/** A registry over a store that checks content, and the names of the calls that it makes of the store. */
function start(options: { maxBlobSize?: number } = {}) {
  const stores = new TestStores({ partSize: 64 * 1024, verifies: true });
  const calls: string[] = [];
  const objects = hooked(stores.objects, (method) => void calls.push(method));
  const { registry } = createRegistry({ ...options, objects, table: stores.table, now: () => stores.now });
  return { stores, calls, registry };
}

const whole = (bytes: Uint8Array<ArrayBuffer>, length = bytes.length) => {
  return { ...body(bytes, { chunk: 65_536 }), length };
};

Deno.test("commitUpload() hands a whole blob of known size on to a store that checks it", async () => {
  const { registry, calls } = start();
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(BLOB), whole(BLOB));
  assertEquals(calls, ["putStream"]);
  assertEquals(await readBlob(registry, digest(BLOB)), BLOB);
  const repeated = await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(BLOB), whole(BLOB));
  assertEquals([repeated.size, calls.includes("put")], [BLOB_BYTES, false]);
});

Deno.test("commitUpload() looks at the bytes itself where the store can't know their digest or their size", async () => {
  const { registry, calls } = start();
  for (
    const [blob, bytes] of [
      [digest(BLOB, "sha512"), whole(BLOB)],
      [digest(BLOB), body(BLOB, { chunk: 65_536 })],
      [digest(BLOB.slice(1)), whole(BLOB.slice(1))],
    ] as const
  ) {
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, blob, bytes);
  }
  assertEquals(calls.includes("putStream"), false);
});

Deno.test("commitUpload() rejects content that the store finds to be different, and leaves nothing", async () => {
  for (const bytes of [content(BLOB_BYTES, 1), BLOB.slice(0, -1)]) {
    const { registry, stores } = start();
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const error = await assertRejects(
      () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(BLOB), whole(bytes, BLOB_BYTES)),
      RegistryError,
    );
    assertEquals(error.code, "DIGEST_INVALID");
    await assertRejects(() => registry.getUpload(REPOSITORY, PRINCIPAL, id), RegistryError);
    await assertRejects(() => registry.statBlob(REPOSITORY, digest(BLOB)), RegistryError);
    assertEquals(await stores.keys(), []);
  }
});

Deno.test("commitUpload() lets a client repeat a transfer that broke off on its way to a store that verifies it", async () => {
  const stores = new TestStores({ partSize: 64 * 1024, verifies: true });
  let broken = true;
  const objects = hooked(stores.objects, (method) => {
    if (method === "putStream" && broken) throw new BrokenBodyError("a", undefined);
  });
  const { registry } = createRegistry({ objects, table: stores.table, now: () => stores.now });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const push = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(BLOB), whole(BLOB));
  const error = await assertRejects(push, RegistryError);
  assertEquals([error.code, error.status], ["BLOB_UPLOAD_INVALID", 400]);
  broken = false;
  await push();
  assertEquals(await readBlob(registry, digest(BLOB)), BLOB);
});

Deno.test("commitUpload() asks no store for a blob that is too large", async () => {
  const { registry, calls } = start({ maxBlobSize: BLOB_BYTES - 1 });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const push = registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(BLOB), whole(BLOB));
  assertEquals((await assertRejects(() => push, RegistryError)).status, 413);
  assertEquals(calls, []);
});

Deno.test("sweep() keeps the object of a whole blob whose push died before it could say that it was done", async () => {
  for (const dying of ["put", "putMany"] as const) {
    const stores = new TestStores({ partSize: 64 * 1024, verifies: true });
    let puts = 0;
    const table = hooked(stores.table, () => {}, (method, [item]) => {
      // The blob's item is the second one to be put, after the upload's; then comes the link.
      if (method === dying && (method === "putMany" || ++puts === 2)) {
        throw new Error(`died after ${String(item)}`);
      }
    });
    const { registry } = createRegistry({ objects: stores.objects, table, now: () => stores.now });
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await assertRejects(() => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(BLOB), whole(BLOB)));
    stores.now += 48 * 60 * 60_000;
    const later = stores.registry();
    await later.sweep();
    await assertConsistent(stores);
    await assertNothingLeft(stores);
    assertEquals((await stores.keys()).length, 1);
  }
});
