import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { dyingStores, interruptedStores } from "../../tests/harness/moments.ts";
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
import { blobKey } from "../items/mod.ts";

const BYTES = content(30);
const BLOB = digest(BYTES);

Deno.test("commitUpload() revives a condemned blob and keeps its object", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES);
  const before = await stores.keys();
  await setBlobState(stores, BLOB, "condemned");
  await pushBlob(registry, BYTES, OTHER);
  assertEquals((await stores.table.get(blobKey(BLOB)))?.attributes.state, "live");
  assertEquals(await stores.keys(), before);
});

Deno.test("commitUpload() replaces a blob that is being deleted by its own object", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES);
  const [doomed] = await stores.keys();
  await setBlobState(stores, BLOB, "deleting");
  await assertRejects(() => registry.statBlob(REPOSITORY, BLOB), RegistryError);
  await pushBlob(registry, BYTES, OTHER);
  await stores.objects.delete([doomed!]);
  assertEquals(await readBlob(registry, BLOB, OTHER), BYTES);
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`commitUpload() that dies ${moment} any storage call leaves no object of a blob that was being deleted`, async () => {
    const options = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };
    for (let at = 1, dead = true; dead; at++) {
      const stores = new TestStores();
      const { registry, sweep } = stores.registry(options);
      await pushBlob(registry, BYTES);
      // No upload is left whose sweep would find the old object.
      stores.now += options.uploadExpiry + options.grace + 1;
      await sweep();
      await setBlobState(stores, BLOB, "deleting");
      const { isReached, ...mortal } = dyingStores(stores, at, moment);
      await pushBlob(stores.registry({ ...options, ...mortal }).registry, BYTES, OTHER).catch(() => {});
      dead = isReached();
      stores.now += options.deadline + 1;
      await pushBlob(registry, BYTES, OTHER);
      stores.now += options.uploadExpiry + options.grace + 1;
      await sweep();
      assertEquals(await readBlob(registry, BLOB, OTHER), BYTES);
      assertEquals((await stores.keys()).length, 1, `call ${at}`);
    }
  });
}

for (const moment of ["before", "after"] as const) {
  Deno.test(`commitUpload() brings back a condemned blob that a collector deletes ${moment} any storage call`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const stores = new TestStores();
      const { registry } = stores.registry();
      await pushBlob(registry, BYTES);
      const [doomed] = await stores.keys();
      await setBlobState(stores, BLOB, "condemned");
      const { isReached, ...watched } = interruptedStores(stores, at, moment, async () => {
        const { state } = (await stores.table.get(blobKey(BLOB)))!.attributes;
        if (state !== "condemned") return; // too late for the collector
        await setBlobState(stores, BLOB, "deleting");
        await stores.objects.delete([doomed!]);
      });
      await pushBlob(stores.registry(watched).registry, BYTES, OTHER);
      reached = isReached();
      assertEquals(await readBlob(registry, BLOB, OTHER), BYTES, `call ${at}`);
    }
  });
}

Deno.test("commitUpload() stores its own bytes when a collector comes before its link", async () => {
  const stores = new TestStores();
  await pushBlob(stores.registry().registry, BYTES, OTHER);
  const [doomed] = await stores.keys();
  let collected = false;
  const { registry } = stores.registry({
    table: hooked(stores.table, async (method) => {
      if (method !== "putMany" || collected) return;
      collected = true;
      await setBlobState(stores, BLOB, "condemned");
      await setBlobState(stores, BLOB, "deleting");
      await stores.objects.delete([doomed!]);
    }),
  });
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(BYTES));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB);
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("commitUpload() that is repeated says that the upload is unknown when the blob was deleted since", async () => {
  const { registry } = new TestStores().registry();
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const commit = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, BLOB, body(BYTES));
  await commit();
  await registry.deleteBlob(REPOSITORY, BLOB);
  const error = await assertRejects(commit, RegistryError);
  assertEquals([error.status, error.code], [404, "BLOB_UPLOAD_UNKNOWN"]);
  await pushBlob(registry, BYTES);
  assertEquals(await commit(), { digest: BLOB, size: 30 });
});

/** Ways in which the bytes of an upload are stored before its commit: parts of 8 bytes and smaller pieces. */
const STORED = [
  { title: "one piece", chunks: [5] },
  { title: "two pieces", chunks: [3, 4] },
  { title: "parts", chunks: [16] },
  { title: "parts and a piece", chunks: [12, 7] },
];

for (const moment of ["before", "after"] as const) {
  for (const { title, chunks } of STORED) {
    Deno.test(`commitUpload() of ${title} never names an object that a collector deleted after the first request died ${moment} any storage call`, async () => {
      const options = { uploadExpiry: 60_000, grace: 2000, deadline: 500 };
      const statuses = new Set<number>();
      for (let at = 1, dead = true; dead; at++) {
        const stores = new TestStores();
        const { registry, collect } = stores.registry(options);
        const bytes = content(chunks.reduce((sum, size) => sum + size, 0));
        const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
        let offset = 0;
        for (const size of chunks) {
          await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(offset, offset += size)));
        }
        const { isReached, ...mortal } = dyingStores(stores, at, moment);
        const dying = stores.registry({ ...options, ...mortal }).registry;
        await dying.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes)).catch(() => {});
        dead = isReached();
        for (let pass = 0; pass < 3; pass++) {
          stores.now += options.grace + 1;
          await collect();
        }
        const status = await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes)).then(
          () => 201,
          (error) => error instanceof RegistryError ? error.status : Promise.reject(error),
        );
        statuses.add(status);
        if (status === 201) assertEquals(await readBlob(registry, digest(bytes)), bytes, `call ${at}`);
        else {
          assertEquals(status, 404, `call ${at}`);
          const repeated = () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
          assertEquals((await assertRejects(repeated, RegistryError)).code, "BLOB_UPLOAD_UNKNOWN");
        }
      }
      assertEquals(statuses, new Set([201, 404]));
    });
  }
}

/** Commits an upload in a process that stands still at one of its calls, and answers what its client is told at last. */
