import { assertEquals } from "@std/assert";
import { linkKey } from "../registry/stored.ts";
import { MemoryTable, type Table } from "../storage/mod.ts";
import { assertConsistent, assertNothingLeft } from "../tests/harness/invariants.ts";
import { imageOfSize } from "../tests/harness/images.ts";
import { dyingStores } from "../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../tests/harness/stores.ts";
import type { Archive } from "./archive.ts";
import { Salvage } from "./salvage.ts";
import { MARKER } from "./target.ts";
import { backUp, GRACE_MS, restoreBeside } from "./testing/mod.ts";

const CONFIG = content(9, 1);
const LAYER = content(20, 2);

function makeStores() {
  const stores = new TestStores();
  const { registry } = stores.registry({
    grace: GRACE_MS,
    deadline: GRACE_MS / 4,
    uploadExpiry: 20 * GRACE_MS,
  });
  return { stores, registry };
}

/** Restores with a look at the objects. */
async function salvage(
  stores: TestStores,
  archive: Archive,
  { target = new TestStores({ objects: stores.objects }), table = target.table }: {
    target?: TestStores;
    table?: Table;
  } = {},
) {
  const said: string[] = [];
  const salvage = new Salvage({
    objects: stores.objects,
    scratch: new MemoryTable(),
    now: () => stores.now,
    report: (line) => said.push(line),
  });
  await restoreBeside(stores, archive, { salvage, table });
  target.now = stores.now;
  const { registry, sweep } = target.registry({ grace: GRACE_MS, deadline: GRACE_MS / 4 });
  return { stores: target, said, adopted: salvage.adopted, registry, sweep };
}

/** An upload that the backup has half of. */
async function pushedAround() {
  const { stores, registry } = makeStores();
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  const bytes = content(40, 3);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(0, 21), { first: 0 }));
  const archive = await backUp(stores);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes.slice(21), { first: 21 }));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  return { stores, archive, bytes };
}

Deno.test("Salvage restores a blob that was pushed after the backup, without a link", async () => {
  const { stores, registry } = makeStores();
  const archive = await backUp(stores);
  await pushBlob(registry, LAYER);
  const [key] = await stores.keys();

  const restored = await salvage(stores, archive);
  assertEquals(restored.said, [`Object ${key}: restored as blob ${digest(LAYER)}, without a link`]);
  // The next push of it takes these bytes.
  await pushBlob(restored.registry, LAYER);
  assertEquals(await restored.stores.keys(), [key]);
  await assertConsistent(restored.stores);
});

Deno.test("Salvage does not read objects that the backup names", async () => {
  const { stores, registry } = makeStores();
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  await pushManifest(registry, imageOfSize(300_000), "large");
  const restored = await salvage(stores, await backUp(stores));
  assertEquals([restored.said, restored.adopted], [[], 0]);
});

Deno.test("Salvage gives a blob to the repository whose upload the backup has, and no sweep takes it", async () => {
  const { stores, archive, bytes } = await pushedAround();
  const target = new TestStores({ objects: stores.objects });
  const table = hooked(target.table, async () => {
    target.now = stores.now + 100 * GRACE_MS;
    await target.registry({ grace: GRACE_MS, deadline: GRACE_MS / 4 }).sweep();
  });
  const restored = await salvage(stores, archive, { target, table });
  assertEquals(restored.adopted, 1);
  restored.stores.now += 100 * GRACE_MS;
  await restored.sweep();
  assertEquals(await readBlob(restored.registry, digest(bytes)), bytes);
  await assertNothingLeft(restored.stores);
});

Deno.test("Salvage finds the same where the restore broke off, and no sweep takes it", async () => {
  const { stores, archive, bytes } = await pushedAround();
  for (let crash = 1;; crash++) {
    const target = new TestStores({ objects: stores.objects });
    const { table } = dyingStores(target, crash);
    const broken = await salvage(stores, archive, { target, table }).then(() => false, () => true);
    if (!broken) break;
    if (await target.table.get(MARKER) === undefined && (await target.items()).length > 0) continue; // it was over
    const { registry, sweep } = await salvage(stores, archive, { target });
    target.now += 100 * GRACE_MS;
    await sweep();
    assertEquals(await readBlob(registry, digest(bytes)), bytes, `crash ${crash}`);
  }
});

Deno.test("Salvage leaves the parts of incomplete uploads to the sweep", async () => {
  const { stores, registry } = makeStores();
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER), body(LAYER));
  const [key] = await stores.keys();
  // What a crash in the middle of a commit leaves.
  await stores.objects.put(`${key!.slice(0, key!.lastIndexOf("-"))}-0`, content(5));
  const restored = await salvage(stores, await backUp(stores));
  assertEquals(restored.said, []);
  restored.stores.now += 100 * GRACE_MS;
  await restored.sweep();
  assertEquals(await restored.stores.keys(), [key]);
  assertEquals(await readBlob(restored.registry, digest(LAYER)), LAYER);
});

Deno.test("Salvage finds the bytes of a blob that was collected and pushed again, under the name that its links give", async () => {
  const { stores, registry } = makeStores();
  const name = digest(LAYER, "sha512");
  const push = async () => {
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, name, body(LAYER));
  };
  await push();
  stores.now += 30 * GRACE_MS;
  await stores.registry().sweep();
  const archive = await backUp(stores);
  const [key] = await stores.keys();
  await stores.objects.delete([key!]);
  await stores.objects.put("blobs/abc/abc-later", LAYER);

  const restored = await salvage(stores, archive);
  assertEquals(restored.said, [`Object blobs/abc/abc-later: restored as blob ${name}, without a link`]);
  assertEquals(await readBlob(restored.registry, name), LAYER);
});

Deno.test("Salvage reports copies, and manifests that the backup does not contain", async () => {
  const { stores, registry } = makeStores();
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  const archive = await backUp(stores);
  await stores.objects.put("blobs/abc/abc-copy", LAYER);
  const image = imageOfSize(300_000);
  await pushManifest(registry, image, "large");
  const [key] = await stores.objects.list("manifests/", { limit: 1 });

  const restored = await salvage(stores, archive);
  assertEquals(restored.said, [
    `Object blobs/abc/abc-copy: another copy of ${digest(LAYER)}`,
    `Object ${key}: a manifest that the backup does not contain: ${digest(image)}`,
  ]);
  assertEquals(await restored.stores.table.get(linkKey(digest(LAYER), REPOSITORY)) === undefined, false);
});
