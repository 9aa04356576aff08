import { assertEquals, assertRejects } from "@std/assert";
import { codeOf } from "../../tests/harness/images.ts";
import { assertConsistent, assertNothingLeft } from "../../tests/harness/invariants.ts";
import { dyingStores, interruptedStores } from "../../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  pushBlob,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import { type NewItem, UnavailableError } from "../../storage/mod.ts";
import { newObjectKey, objectPrefix, stored, type UploadAttributes } from "../items/mod.ts";

import type { Registry } from "../registry.ts";

const OPTIONS = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };
const LAYER = content(30, 2);

/** An upload with all bytes of the layer. */
async function withUpload() {
  const upload = await withoutBytes();
  await upload.registry.appendUpload(REPOSITORY, PRINCIPAL, upload.id, body(LAYER));
  return upload;
}

/** A new upload. */
async function withoutBytes(options: { partSize?: number } = {}) {
  const stores = new TestStores(options);
  const process = stores.registry(OPTIONS);
  const { id } = await process.registry.startUpload(REPOSITORY, PRINCIPAL);
  return { stores, id, ...process };
}

for (const moment of ["before", "after"] as const) {
  Deno.test(`sweep() takes all or nothing of an upload whose commit comes ${moment} any of its calls`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, id, registry } = await withUpload();
      const [isThere, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const committer = stores.registry({
        ...OPTIONS,
        table: hooked(stores.table, async (method) => {
          if (method !== "put") return;
          isThere.resolve();
          await mayGoOn.promise;
        }),
      }).registry;
      // The upload expires while the commit is about to take it.
      stores.now += OPTIONS.uploadExpiry - 10;
      const commit = committer.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER))
        .then(() => true, () => false);
      await isThere.promise;
      stores.now += 20;
      const goOn = async () => {
        mayGoOn.resolve();
        await commit;
      };
      const { isReached, ...watched } = interruptedStores(stores, at, moment, goOn);
      await stores.registry({ ...OPTIONS, ...watched }).sweep();
      reached = isReached();
      await goOn();
      if (await commit) assertEquals(await readBlob(registry, digest(LAYER)), LAYER, `call ${at}`);
      await assertConsistent(stores);
    }
  });
}

Deno.test("sweep() removes all remains of an upload of any size", async () => {
  const { stores, sweep } = await withUpload();
  const upload = (await stores.items()).find(({ sk }) => sk === "upload");
  const { prefix } = stored<UploadAttributes>(upload)!.attributes;
  for (let i = 0; i < 250; i++) {
    await stores.objects.put(newObjectKey(prefix), content(1));
    await stores.objects.startParts(newObjectKey(prefix));
  }
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  await sweep();
  await assertNothingLeft(stores);
  assertEquals([await stores.keys(), await stores.objects.listParts("", 10)], [[], []]);
});

Deno.test("sweep() removes the object of a commit that died before it dropped it", async () => {
  const stores = new TestStores({ partSize: 4096 });
  const { registry, sweep } = stores.registry(OPTIONS);
  await pushBlob(registry, LAYER);
  const { objects } = dyingStores(stores, "delete");
  const dying = stores.registry({ ...OPTIONS, objects }).registry;
  const { id } = await dying.startUpload(REPOSITORY, PRINCIPAL);
  await dying.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
  await dying.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER));
  assertEquals((await stores.keys()).length, 2);
  stores.now += OPTIONS.uploadExpiry + 1;
  assertEquals(await sweep(), { uploads: 2, objects: 0 });
  assertEquals((await stores.keys()).length, 1);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
});

// The number of the call after the object was stored.
for (const [way, call] of [["PATCH", 3], ["PUT", 4]] as const) {
  Deno.test(`sweep() removes the object of a ${way} that died while a repeated one was committed`, async () => {
    const stores = new TestStores({ partSize: 4096 });
    const { registry, sweep } = stores.registry(OPTIONS);
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const send = ({ appendUpload, commitUpload }: Registry) =>
      way === "PATCH"
        ? appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER))
        : commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER), body(LAYER));
    const dying = stores.registry({ ...OPTIONS, ...dyingStores(stores, call) }).registry;
    await assertRejects(() => send(dying), Error, "died");
    await send(registry);
    if (way === "PATCH") await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER));
    assertEquals((await stores.keys()).length, 2);
    stores.now += OPTIONS.uploadExpiry + 1;
    await sweep();
    assertEquals((await stores.keys()).length, 1);
    assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
  });
}

Deno.test("sweep() removes parts whose begin was not answered when the upload was swept before", async () => {
  const { stores, id, registry, sweep } = await withoutBytes();
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "startParts") return;
    stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
    assertEquals(await sweep(), { uploads: 1, objects: 0 });
  }, (method) => {
    if (method === "startParts") throw new UnavailableError("begin the parts", new Error("No answer"));
  });
  const paused = stores.registry({ ...OPTIONS, objects }).registry;
  const append = paused.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
  assertEquals(await codeOf(() => append), "BLOB_UPLOAD_UNKNOWN");
  assertEquals((await stores.objects.listParts("", 10)).length, 1);
  assertEquals(await codeOf(() => registry.getUpload(REPOSITORY, PRINCIPAL, id)), "BLOB_UPLOAD_UNKNOWN");
  await sweep();
  await assertNothingLeft(stores);
  assertEquals(await stores.objects.listParts("", 10), []);
});

for (const way of ["PATCH", "PUT"] as const) {
  Deno.test(`a ${way} that pauses until its upload has expired stores nothing`, async () => {
    const { stores, id, sweep } = await withoutBytes();
    let isPaused = false;
    const table = hooked(stores.table, () => {}, async (method, [item]) => {
      if (isPaused || method !== "put" || !(item as NewItem).pk.startsWith("upload#")) return;
      isPaused = true;
      stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
      assertEquals(await sweep(), { uploads: 1, objects: 0 });
    });
    const calls: string[] = [];
    const objects = hooked(stores.objects, (method) => void calls.push(method));
    const paused = stores.registry({ ...OPTIONS, table, objects }).registry;
    const request = way === "PATCH"
      ? paused.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER))
      : paused.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER), body(LAYER));
    assertEquals(await codeOf(() => request), "BLOB_UPLOAD_UNKNOWN");
    assertEquals({ isPaused, calls }, { isPaused: true, calls: [] });
  });
}

for (const way of ["PATCH", "PUT"] as const) {
  Deno.test(`sweep() removes parts that a ${way} began twice after its upload was swept`, async () => {
    const { stores, id, sweep } = await withoutBytes();
    const objects = hooked(stores.objects, async (method, [key]) => {
      if (method !== "startParts") return;
      stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
      assertEquals(await sweep(), { uploads: 1, objects: 0 });
      // The answer to this one is lost, and the driver repeats it.
      await stores.objects.startParts(key as string);
    });
    const paused = stores.registry({ ...OPTIONS, objects }).registry;
    const request = way === "PATCH"
      ? paused.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER))
      : paused.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER), body(LAYER));
    assertEquals(await codeOf(() => request), "BLOB_UPLOAD_UNKNOWN");
    assertEquals((await stores.objects.listParts("", 10)).length, 1);
    await sweep();
    await assertNothingLeft(stores);
    assertEquals(await stores.objects.listParts("", 10), []);
  });
}

for (const way of ["PATCH", "PUT"] as const) {
  Deno.test(`sweep() leaves the blob of an upload that a paused ${way} announces again after its sweep`, async () => {
    const stores = new TestStores({ partSize: 4096 });
    const { registry, sweep } = stores.registry(OPTIONS);
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    const objects = hooked(stores.objects, async (method) => {
      if (method !== "put") return;
      await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
      await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER));
      stores.now += OPTIONS.uploadExpiry + 1;
      assertEquals((await sweep()).uploads, 1);
    }, (method) => {
      if (method === "put") throw new UnavailableError("store an object", new Error("No answer"));
    });
    const paused = stores.registry({ ...OPTIONS, objects }).registry;
    const other = content(40, 3);
    const request = way === "PATCH"
      ? paused.appendUpload(REPOSITORY, PRINCIPAL, id, body(other))
      : paused.commitUpload(REPOSITORY, PRINCIPAL, id, digest(other), body(other));
    assertEquals(await codeOf(() => request), "BLOB_UPLOAD_UNKNOWN");
    assertEquals(await sweep(), { uploads: 1, objects: 0 });
    assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
  });
}

Deno.test("sweep() removes an announced upload although it reads its objects for longer than a deadline", async () => {
  const { stores, id, sweep } = await withoutBytes({ partSize: 4096 });
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "put") return;
    stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
    assertEquals(await sweep(), { uploads: 1, objects: 0 });
  }, (method) => {
    if (method === "put") throw new UnavailableError("store an object", new Error("No answer"));
  });
  const paused = stores.registry({ ...OPTIONS, objects }).registry;
  const request = () => paused.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER, { first: 0 }));
  assertEquals(await codeOf(request), "BLOB_UPLOAD_UNKNOWN");
  await stores.objects.put(newObjectKey(objectPrefix("blob", id)), LAYER); // a second attempt of the driver
  const slow = hooked(stores.objects, (method) => {
    if (method === "get") stores.now += OPTIONS.deadline + 1;
  });
  assertEquals(await stores.registry({ ...OPTIONS, objects: slow }).sweep(), { uploads: 1, objects: 1 });
  await assertNothingLeft(stores);
});

Deno.test("a commit that stores its object after a sweep leaves nothing, although the store refuses to delete", async () => {
  const { stores, id, registry, sweep } = await withoutBytes({ partSize: 4096 });
  for (const first of [0, 15]) {
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER.slice(first, first + 15), { first }));
  }
  const objects = hooked(stores.objects, async (method) => {
    if (method === "delete") throw new UnavailableError("delete objects", new Error("No answer"));
    if (method !== "put") return;
    stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
    assertEquals(await sweep(), { uploads: 1, objects: 2 });
  });
  const paused = stores.registry({ ...OPTIONS, objects }).registry;
  const commit = () => paused.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER));
  assertEquals(await codeOf(commit), "TOOMANYREQUESTS");
  assertEquals((await stores.keys()).length, 1);
  await sweep();
  assertEquals(await stores.keys(), []);
  await assertNothingLeft(stores);
});

Deno.test("sweep() leaves a commit that died until the grace period after its deadline", async () => {
  const stores = new TestStores();
  // The upload expires before that.
  const options = { uploadExpiry: 1000, grace: 2000, deadline: 500 };
  const { registry, sweep } = stores.registry(options);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
  const { objects } = dyingStores(stores, "completeParts");
  const dying = stores.registry({ ...options, objects }).registry;
  await assertRejects(() => dying.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER)), Error, "died");
  for (const [after, uploads] of [[1001, 0], [2500, 0], [2501, 1]] as const) {
    const { now } = stores;
    stores.now += after;
    assertEquals((await sweep()).uploads, uploads, `after ${after} ms`);
    stores.now = now;
  }
});
