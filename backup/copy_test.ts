import { assertEquals } from "@std/assert";
import type { Digest } from "../oci/mod.ts";
import { MemoryObjectStore, type ObjectStore } from "../storage/mod.ts";
import { assertConsistent } from "../tests/harness/invariants.ts";
import { CONFIG, imageOfSize, LAYER } from "../tests/harness/images.ts";
import { dyingStores } from "../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  TestStores,
} from "../tests/harness/stores.ts";
import { copyObjects, type CopyOptions, copyRegistry } from "./copy.ts";
import { copyObject } from "./copy_object.ts";
import { backUp, comparable } from "./testing/mod.ts";

async function filled(): Promise<TestStores> {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  await pushManifest(registry, imageOfSize(300_000), "large");
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(30)));
  return stores;
}

/** The bytes of each object that an item names. */
async function contentOf({ objects }: { objects: ObjectStore }, keys: string[]) {
  return await Promise.all(keys.map(async (key) => {
    const found = await objects.get(key);
    return [key, found && await new Response(found.body).bytes()];
  }));
}

/** A table of items, and the keys of the objects that they name. */
async function copied(stores: TestStores) {
  const items = (await stores.items()).filter(({ attributes }) => attributes.state !== "open");
  const keys = items.map(({ attributes }) => attributes.object).filter((key) => key !== undefined);
  return { items: comparable(items), content: await contentOf(stores, keys.toSorted() as string[]) };
}

function options(from: TestStores, to: TestStores, more: Partial<CopyOptions> = {}): CopyOptions {
  return {
    from: from.objects,
    to,
    source: "test",
    references: "strict",
    report: () => {},
    progress: () => {},
    ...more,
  };
}

Deno.test("copyRegistry() copies every item and every object that an item names, with parts of any size", async () => {
  const from = await filled();
  for (const partSize of [3, 8, 1000]) {
    const to = new TestStores({ partSize });
    let bytes = 0;
    const archive = await backUp(from);
    await copyRegistry(archive, options(from, to, { progress: (more) => bytes += more }));
    assertEquals(await copied(to), await copied(from));
    assertEquals(bytes, CONFIG.length + LAYER.length + 300_000);
    // Neither an upload that has not ended nor its pieces.
    assertEquals((await to.keys()).length, 3);
    await assertConsistent(to);
  }
});

Deno.test("copyRegistry() resumes after a failure at any call, and leaves no remains", async () => {
  const from = await filled();
  const archive = await backUp(from);
  for (let crash = 1;; crash += 7) {
    const to = new TestStores({ partSize: 3000 });
    const { objects } = dyingStores(to, crash);
    const broken = await copyRegistry(
      archive,
      options(from, to, { to: { ...to, objects, table: to.table } }),
    )
      .then(() => false, () => true);
    if (!broken) break;
    await copyRegistry(archive, options(from, to));
    assertEquals(await copied(to), await copied(from));
    assertEquals(await to.objects.listParts("", 10), []);
  }
});

Deno.test("copyRegistry() reports an object that does not match its digest, and does not copy it", async () => {
  const from = await filled();
  const damaged = hooked(from.objects, () => {});
  const blob = (await from.items()).find(({ pk, sk }) => pk === `blob#${digest(LAYER)}` && sk === "blob")!;
  const key = blob.attributes.object as string;
  await from.objects.delete([key]);
  await from.objects.put(key, content(LAYER.length, 77));
  for (const partSize of [8, 1000]) {
    const to = new TestStores({ partSize });
    const said: string[] = [];
    const report = await copyRegistry(
      await backUp(from),
      options(from, to, { from: damaged, report: (line) => said.push(line) }),
    );
    assertEquals([report.lost, report.incomplete, said.length], [1, 1, 2]);
    assertEquals(
      said[0],
      `Blob ${digest(LAYER)}: its object does not match its digest: ${key}`,
    );
    assertEquals([await to.objects.size(key), await to.objects.listParts("", 10)], [undefined, []]);
    assertEquals(await to.table.get(blob), undefined);
  }
});

Deno.test("copyObjects() copies only objects, and existing ones once", async () => {
  const from = await filled();
  const to = new TestStores();
  const archive = await backUp(from);
  assertEquals(await copyObjects(archive, { ...options(from, to), to: to.objects }), 0);
  assertEquals(await to.items(), []);
  const written: unknown[] = [];
  const watched = hooked(to.objects, (method) => {
    if (method === "put" || method === "startParts") written.push(method);
  });
  await copyRegistry(archive, options(from, to, { to: { objects: watched, table: to.table } }));
  assertEquals(written, []);
  assertEquals(await copied(to), await copied(from));
});

Deno.test("copyObject() says why an object can't be copied", async () => {
  const from = new MemoryObjectStore();
  const to = new MemoryObjectStore();
  await from.put("blobs/a", content(5));
  const attempt = (key: string, size: number, largest?: number) =>
    copyObject({ from, to, largest }, { key, size, digest: digest(content(5)) as Digest }, () => {});
  assertEquals(await attempt("blobs/b", 5), "its object is missing: blobs/b");
  assertEquals(await attempt("blobs/a", 6), "its object has 5 bytes instead of 6: blobs/a");
  assertEquals(
    await attempt("blobs/a", 5, 4),
    "its 5 bytes exceed the 4 bytes that the target storage accepts",
  );
  assertEquals(await attempt("blobs/a", 5, 5), undefined);
});
