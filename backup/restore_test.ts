import { assertEquals, assertRejects } from "@std/assert";
import type { Item } from "../storage/mod.ts";
import { COLLECTION, uploadKey } from "../registry/stored.ts";
import { assertConsistent, assertNothingLeft } from "../tests/harness/invariants.ts";
import { CONFIG, imageOfSize, LAYER } from "../tests/harness/images.ts";
import { dyingStores } from "../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  TestStores,
} from "../tests/harness/stores.ts";
import { BackupError } from "./backup_error.ts";
import { archiveOf, backUp, bytesOf, comparable, GRACE_MS, restoreBeside } from "./testing/mod.ts";
import { MARKER } from "./target.ts";

/** A registry with an image, a large one, a referrer, a tag that moved, and an upload that has not ended. */
async function filled() {
  const stores = new TestStores();
  const { registry } = stores.registry({
    grace: GRACE_MS,
    deadline: GRACE_MS / 4,
    uploadExpiry: 20 * GRACE_MS,
  });
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "latest");
  stores.now += 7;
  await pushManifest(registry, imageOfSize(300_000), "latest", "large");
  const subject = { mediaType: IMAGE, digest: digest(image), size: image.length };
  await pushManifest(registry, imageOf(CONFIG, [], { subject }));
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(30)));
  stores.now += 10 * GRACE_MS;
  return { stores, registry, image, upload: id };
}

/** All items but open uploads, which a restore ends. */
const settled = (items: Item[]) => comparable(items.filter(({ attributes }) => attributes.state !== "open"));

Deno.test("restore() gives back every item as it was, but for uploads that had not ended", async () => {
  const { stores, upload } = await filled();
  const restored = await restoreBeside(stores, await backUp(stores));
  const items = await restored.stores.items();
  assertEquals(
    comparable(items.filter(({ attributes }) => attributes.state !== "aborting")),
    settled(await stores.items()),
  );
  const ended = items.filter(({ attributes }) =>
    attributes.state === "aborting" && attributes.kind === "blob"
  );
  assertEquals(ended.map(({ pk }) => pk), [`upload#${upload}`]);
  assertEquals(restored.said, []);
  assertEquals(restored.report, { blobs: 2, manifests: 3, tags: 2, lost: 0, incomplete: 0, dropped: 0 });

  // What the upload has left goes with the sweep.
  restored.stores.now += 100 * GRACE_MS;
  await restored.stores.registry().sweep();
  await assertNothingLeft(restored.stores);
  await assertConsistent(restored.stores);
});

Deno.test("restore() lets the sweep find the object of an upload whose blob is not in the backup", async () => {
  const stores = new TestStores({ partSize: 4096 });
  await pushBlob(
    stores.registry({ uploadExpiry: 20 * GRACE_MS, grace: GRACE_MS, deadline: GRACE_MS / 4 }).registry,
    CONFIG,
  );
  const uploads = (await stores.items()).filter(({ sk }) => sk === "upload");
  assertEquals(uploads.map(({ attributes }) => attributes.left), [[]]);
  const restored = await restoreBeside(stores, await archiveOf(await bytesOf(uploads)));
  restored.stores.now += 100 * GRACE_MS;
  await restored.stores.registry().sweep();
  assertEquals(await restored.stores.keys(), []);
});

Deno.test("restore() takes the last of an item that a backup has more than once, near or far", async () => {
  const { stores, registry, image } = await filled();
  // As the backup came by everything, and then by all of it again, after each item had changed.
  const earlier = (await stores.items()).map((item) => ({
    ...item,
    attributes: { ...item.attributes, at: 1 },
  }));
  await pushManifest(registry, image, "latest");
  const later = await stores.items();
  const twice = earlier.flatMap((
    item,
  ) => [item, later.find(({ pk, sk }) => pk === item.pk && sk === item.sk)!]);
  const rest = later.filter((item) => !earlier.some(({ pk, sk }) => pk === item.pk && sk === item.sk));
  const { stores: once } = await restoreBeside(stores, await archiveOf(await bytesOf(later)));
  // Side by side, and in different batches.
  const far = Array.from({ length: 120 }, (_, i) => ({ pk: "other", sk: `${i}`, attributes: {} }));
  for (const items of [[...twice, ...rest], [...earlier, ...far, ...later]]) {
    const { stores: restored } = await restoreBeside(stores, await archiveOf(await bytesOf(items)));
    const found = (await restored.items()).filter(({ pk }) => pk !== "other");
    assertEquals(comparable(found), comparable(await once.items()));
  }
});

Deno.test("restore() rejects a table that is not empty, and writes nothing", async () => {
  const { stores } = await filled();
  const archive = await backUp(stores);
  const other = new TestStores({ objects: stores.objects });
  await other.table.putMany([{ pk: "repos", sk: "a", attributes: {} }]);
  const attempt = () => restoreBeside(stores, archive, { table: other.table });
  await assertRejects(attempt, BackupError, "Cannot restore into the table: it is not empty");
  assertEquals((await other.items()).length, 1);
});

Deno.test("restore() resumes after a failure at any call, and rejects any other restore meanwhile", async () => {
  const { stores } = await filled();
  const archive = await backUp(stores);
  const expected = comparable(await (await restoreBeside(stores, archive)).stores.items());
  for (let crash = 1;; crash++) {
    const target = new TestStores({ objects: stores.objects });
    target.now = stores.now;
    const { table } = dyingStores(target, crash);
    const broken = await restoreBeside(stores, archive, { table }).then(() => false, () => true);
    if (!broken) break;
    // Whatever was written by then points at nothing that is not there.
    await assertConsistent(target);
    const items = await target.items();
    if (items.some(({ pk }) => pk === MARKER.pk)) {
      await assertRejects(
        () => restoreBeside(stores, archive, { table: target.table }, "another"),
        BackupError,
        "Cannot restore into the table: it contains part of test",
      );
    } else if (items.length > 0) {
      assertEquals(comparable(items), expected); // it was over but for its word
      continue;
    }
    await restoreBeside(stores, archive, { table: target.table });
    assertEquals(comparable(await target.items()), expected);
  }
});

Deno.test("restore() reports objects that disappeared after the backup, and the manifests that lack them", async () => {
  const { stores, image } = await filled();
  const archive = await backUp(stores);
  const items = await stores.items();
  const objectOf = (key: string) =>
    items.find(({ pk, sk, attributes }) => `${pk} ${sk}`.includes(key) && attributes.object !== undefined)!
      .attributes.object as string;
  const large = digest(imageOfSize(300_000));
  await stores.objects.delete([objectOf(`blob#${digest(LAYER)}`), objectOf(`manifest#${large}`)]);

  const restored = await restoreBeside(stores, archive);
  // The manifest that lacks a layer stays, with its tag if it had one; the one without bytes goes, with its tags.
  assertEquals(restored.report, { blobs: 1, manifests: 2, tags: 0, lost: 2, incomplete: 1, dropped: 2 });
  assertEquals(
    restored.said.toSorted(),
    [
      `Blob ${digest(LAYER)}: ${objectOf(`blob#${digest(LAYER)}`)} is gone`,
      `Manifest ${REPOSITORY}@${digest(image)} is incomplete, missing: ${digest(LAYER)}`,
      `Manifest ${REPOSITORY}@${large}: ${objectOf(`manifest#${large}`)} is gone`,
      `Tag ${REPOSITORY}:large: its manifest is missing: ${large}`,
      `Tag ${REPOSITORY}:latest: its manifest is missing: ${large}`,
    ].toSorted(),
  );
  await assertConsistent(restored.stores, "sparse");

  // A push of the layer repairs the manifest.
  const { registry } = restored.stores.registry();
  await pushBlob(registry, LAYER);
  await pushManifest(registry, image, "latest");
  await assertConsistent(restored.stores);
});

Deno.test("restore() reports a manifest whose repository has no link to an existing blob", async () => {
  const { stores, image } = await filled();
  const items = (await stores.items()).filter(({ pk, sk }) =>
    pk !== `blob#${digest(LAYER)}` || !sk.startsWith("repo#")
  );
  const { report, said } = await restoreBeside(stores, await archiveOf(await bytesOf(items)));
  assertEquals([report.lost, report.incomplete], [0, 2]);
  assertEquals(
    said.includes(`Manifest ${REPOSITORY}@${digest(image)} is incomplete, missing: ${digest(LAYER)}`),
    true,
  );
});

Deno.test("restore() does not report missing references if references may be sparse", async () => {
  const { stores } = await filled();
  const archive = await backUp(stores);
  for (const { pk, attributes } of await stores.items()) {
    if (pk === `blob#${digest(LAYER)}` && attributes.object) {
      await stores.objects.delete([String(attributes.object)]);
    }
  }
  const { report } = await restoreBeside(stores, archive, { references: "sparse" });
  assertEquals([report.lost, report.incomplete], [1, 0]);
});

Deno.test("restore() has a blob live whose deletion had begun, since its object is there", async () => {
  const { stores } = await filled();
  const items = await stores.items();
  const blob = items.find(({ pk, sk }) => pk === `blob#${digest(LAYER)}` && sk === "blob")!;
  await stores.table.putMany([{ ...blob, attributes: { ...blob.attributes, state: "deleting" } }]);
  const restored = await restoreBeside(stores, await backUp(stores));
  assertEquals((await restored.stores.table.get(blob))?.attributes, blob.attributes);
});

Deno.test("backUp() has more uploads than one query of the index answers", async () => {
  const { stores, upload } = await filled();
  const { version: _, index, ...item } = (await stores.table.get(uploadKey(upload), { consistent: true }))!;
  const more = Array.from({ length: 250 }, (_, i) => ({
    ...item,
    pk: `${item.pk}-${i}`,
    index: { pk: index!.pk, sk: `${index!.sk}-${i}` },
  }));
  await stores.table.putMany(more);
  const restored = await restoreBeside(stores, await backUp(stores));
  const found = await restored.stores.table.getMany(more.map(({ pk, sk }) => ({ pk, sk })));
  assertEquals(found.filter((item) => item !== undefined).length, 250);
});

Deno.test("restore() leaves the mark of a damaged blob", async () => {
  const { stores } = await filled();
  const items = await stores.items();
  const blob = items.find(({ pk, sk }) => pk === `blob#${digest(LAYER)}` && sk === "blob")!;
  const attributes = { ...blob.attributes, state: "damaged" };
  await stores.table.putMany([{ ...blob, attributes }]);
  const restored = await restoreBeside(stores, await backUp(stores));
  assertEquals((await restored.stores.table.get(blob))?.attributes, attributes);
});

Deno.test("restore() writes a table of many items in batches of a hundred", async () => {
  const { stores } = await filled();
  const { registry } = stores.registry();
  for (let i = 0; i < 400; i++) {
    await pushManifest(registry, imageOf(CONFIG, [LAYER], { annotations: { i: `${i}` } }));
  }
  let most = 0;
  const target = new TestStores({ objects: stores.objects });
  const table = hooked(target.table, (method, [items]) => {
    if (method === "putMany") most = Math.max(most, (items as unknown[]).length);
  });
  await restoreBeside(stores, await backUp(stores), { table });
  assertEquals(most, 100);
  assertEquals((await target.items()).length, (await stores.items()).length);
});

/** Progress of a full pass; its place is meaningless in another table. */
const SEGMENT = {
  pk: COLLECTION,
  sk: "segment#3",
  attributes: { startedAt: 1, after: { pk: "blob#a", sk: "blob" }, items: 20, done: false, claimedUntil: 0 },
};

Deno.test("backUp() omits the progress of a full pass of garbage collection", async () => {
  const { stores } = await filled();
  await stores.table.putMany([SEGMENT]);
  const items = await Array.fromAsync((await backUp(stores)).items());
  assertEquals(items.filter(({ pk }) => pk === COLLECTION), []);
});

Deno.test("restore() omits the progress of a full pass from a backup of an earlier release", async () => {
  const { stores } = await filled();
  const archive = await archiveOf(await bytesOf([...await stores.items(), SEGMENT]));
  const { stores: restored } = await restoreBeside(stores, archive);
  assertEquals((await restored.items()).filter(({ pk }) => pk === COLLECTION), []);
});

Deno.test("restore() leaves a purge of everything if a shared cache is purged, and a backup has no purge", async () => {
  const purges = { digests: true, tags: true, delay: 0 };
  const { stores, image } = await filled();
  await stores.registry({ purges }).registry.deleteManifest(REPOSITORY, digest(image));
  const archive = await backUp(stores);
  for (const [options, expected] of [[{}, []], [{ purges: true }, ["skerry"]]] as const) {
    const restored = await restoreBeside(stores, archive, options);
    restored.stores.now = Date.now() + GRACE_MS;
    const purged: string[] = [];
    const target = { maxTags: 100, purge: (tags: string[]) => Promise.resolve(void purged.push(...tags)) };
    await (await restored.stores.registry({ purges }).outbox!()).drainDue(target);
    assertEquals(purged, [...expected]);
    assertEquals((await restored.stores.items()).filter(({ pk }) => pk.startsWith("purge#")), []);
  }
});
