import { assertEquals, assertRejects } from "@std/assert";
import { cached } from "../cache/mod.ts";
import { putsOfBlob } from "../cli/cost/counted.ts";
import { parseRepositoryName, RegistryError, type Tag } from "../oci/mod.ts";
import { type Calls, counted } from "../tests/harness/call_counts.ts";
import {
  body,
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  PRINCIPAL,
  pushBlob,
  REPOSITORY,
  TestStores,
} from "../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "./caller.ts";
import { createRegistry, type PurgeRules, type StoredRegistry } from "./mod.ts";
import type { Registry } from "./registry.ts";

const CONFIG = content(100, 1);
const LAYER = content(1000, 2);
const MANIFEST = imageOf(CONFIG, [LAYER]);
const REFERENCE = { tag: "latest" as Tag };

/** A process with a memory of its own, over stores whose parts are larger than any blob here. */
function startProcess(
  stores: TestStores,
  age = 0,
  purges?: PurgeRules,
): Pick<StoredRegistry, "registry" | "outbox"> & { take: () => Calls } {
  const { objects, table, take } = counted(stores.objects, stores.table);
  const { registry, epochs, outbox } = createRegistry({
    objects,
    table,
    ...(purges && { purges }),
    now: () => stores.now,
    steady: () => stores.now,
    sleep: () => Promise.resolve(),
  });
  return {
    registry: cached(registry, epochs, { age, now: () => stores.now }),
    ...(outbox && { outbox }),
    take,
  };
}

async function pushBlobs(registry: Registry): Promise<void> {
  for (const bytes of [CONFIG, LAYER]) {
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), body(bytes, { chunk: 64 }));
  }
}

async function pushManifest(registry: Registry, bytes = MANIFEST): Promise<void> {
  await registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, {
    bytes,
    contentType: IMAGE,
    reference: REFERENCE,
    tags: [],
    condition: {},
  });
}

/** Waits until what follows an answer has been read. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pull(registry: Registry): Promise<void> {
  await registry.getManifest(REPOSITORY, REFERENCE);
  for (const bytes of [CONFIG, LAYER]) await (await registry.getBlob(REPOSITORY, digest(bytes))).open();
}

Deno.test("one image costs these requests to push, push again, mount and pull (docs/costs.md)", async () => {
  const stores = new TestStores({ partSize: 4096 });
  const first = startProcess(stores);
  await pushBlobs(first.registry);
  assertEquals(first.take(), { table: 10, objects: 2 }, "two blobs by POST and PUT");
  await pushManifest(first.registry);
  assertEquals(first.take(), { table: 5, objects: 0 }, "a manifest into a new repository");

  const second = startProcess(stores);
  for (const bytes of [CONFIG, LAYER]) await second.registry.statBlob(REPOSITORY, digest(bytes));
  assertEquals(second.take(), { table: 2, objects: 0 }, "two HEADs that hit");
  await pushManifest(second.registry);
  assertEquals(second.take(), { table: 5, objects: 0 }, "the same manifest again");
  await pushBlobs(second.registry);
  assertEquals(second.take(), { table: 10, objects: 0 }, "the same blobs again, not stored");

  const cold = startProcess(stores);
  await cold.registry.getManifest(REPOSITORY, REFERENCE);
  await settled();
  assertEquals(cold.take(), { table: 3, objects: 0 }, "a manifest by its tag, cold, and its blobs ahead");
  await pull(cold.registry);
  assertEquals(cold.take(), { table: 3, objects: 2 }, "its tag with the epoch, and the epoch for each blob");
  await pull(cold.registry);
  assertEquals(cold.take(), { table: 3, objects: 0 }, "the same again: the blobs are small");
  const reference = { digest: digest(MANIFEST) };
  await cold.registry.getManifest(REPOSITORY, reference);
  assertEquals(cold.take(), { table: 1, objects: 0 }, "the manifest by its digest, warm: the epoch");
  await Promise.all(Array.from({ length: 50 }, () => cold.registry.getManifest(REPOSITORY, reference)));
  assertEquals(cold.take(), { table: 1, objects: 0 }, "the same for 50 clients at once");
  await Promise.all([CONFIG, LAYER].map((bytes) => cold.registry.getBlob(REPOSITORY, digest(bytes))));
  assertEquals(cold.take(), { table: 1, objects: 0 }, "both blobs at once: the epoch");

  const mounter = startProcess(stores);
  await mounter.registry.mountBlob(
    parseRepositoryName("other"),
    UNRESTRICTED_CALLER,
    digest(LAYER),
    REPOSITORY,
  );
  assertEquals(mounter.take(), { table: 3, objects: 0 }, "a mount");

  stores.now += 13 * 60 * 60_000;
  await pushBlobs(second.registry);
  assertEquals(second.take(), { table: 10, objects: 2 }, "the same blobs half a day later, looked for");
  await mounter.registry.mountBlob(
    parseRepositoryName("third"),
    UNRESTRICTED_CALLER,
    digest(LAYER),
    REPOSITORY,
  );
  assertEquals(mounter.take(), { table: 3, objects: 1 }, "a mount of an old blob");
  for (const bytes of [CONFIG, LAYER]) await first.registry.statBlob(REPOSITORY, digest(bytes));
  await pushManifest(first.registry);
  assertEquals(first.take().objects, 0, "HEADs and a manifest of old blobs");

  const other = imageOf(CONFIG, []);
  await pushManifest(first.registry, other);
  assertEquals(first.take(), { table: 6, objects: 0 }, "another manifest under the same tag");
  await pushManifest(first.registry);
  first.take();
  await mounter.registry.deleteManifest(REPOSITORY, digest(MANIFEST));
  assertEquals(mounter.take(), { table: 10, objects: 0 }, "a delete of a manifest with one tag");
  await mounter.registry.deleteBlob(REPOSITORY, digest(LAYER));
  assertEquals(mounter.take(), { table: 5, objects: 0 }, "a delete of a blob");
});

Deno.test("changes that are purged from a shared cache cost the same requests, and each purge two more (docs/costs.md)", async () => {
  const stores = new TestStores({ partSize: 4096 });
  const { registry, outbox, take } = startProcess(stores, 0, { digests: true, tags: true, delay: 0 });
  await pushBlobs(registry);
  await pushManifest(registry, imageOf(CONFIG, []));
  assertEquals(take(), { table: 15, objects: 2 }, "two blobs and a manifest into a new repository");
  await pushManifest(registry);
  assertEquals(take(), { table: 6, objects: 0 }, "another manifest under the same tag");
  await registry.deleteManifest(REPOSITORY, digest(MANIFEST));
  assertEquals(take(), { table: 10, objects: 0 }, "a delete of a manifest with one tag");
  await registry.deleteBlob(REPOSITORY, digest(LAYER));
  assertEquals(take(), { table: 5, objects: 0 }, "a delete of a blob");
  const waiting = await outbox!();
  const target = { maxTags: 100, purge: () => Promise.resolve() };
  assertEquals((await waiting.drainSettled(target)).purges, 3);
  assertEquals(take(), { table: 1 + 3, objects: 0 }, "three purges");
  await waiting.drainDue(target);
  assertEquals(take(), { table: 4, objects: 0 }, "a look for purges of other processes");
});

/** Pushes a blob by HEAD, POST, PATCH and PUT, as docker does. */
async function pushStreamed(registry: Registry, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await assertRejects(() => registry.statBlob(REPOSITORY, digest(bytes)), RegistryError);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
}

Deno.test("a blob costs these requests after a HEAD, new and known (docs/costs.md)", async () => {
  const stores = new TestStores({ partSize: 64 });
  const { registry, take } = startProcess(stores);
  const [whole, small, large] = [content(50, 1), content(50, 2), content(200, 3)];
  await assertRejects(() => registry.statBlob(REPOSITORY, digest(whole)), RegistryError);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(whole), body(whole));
  assertEquals(take(), { table: 5, objects: 1 }, "HEAD, POST and PUT");
  await pushStreamed(registry, small);
  assertEquals(take(), { table: 6, objects: putsOfBlob(1) }, "HEAD, POST, PATCH and PUT");
  await pushStreamed(registry, large);
  assertEquals(take(), { table: 6, objects: putsOfBlob(4) }, "the same of four parts");

  const other = stores.registry().registry;
  const [known, parts] = [content(50, 4), content(200, 5)];
  for (const bytes of [known, parts]) await pushBlob(other, bytes, parseRepositoryName("other"));
  const { id: knownId } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.commitUpload(REPOSITORY, PRINCIPAL, knownId, digest(parts), body(parts));
  assertEquals(take(), { table: 5, objects: 0 }, "POST and PUT of a blob of another repository");
  await pushStreamed(registry, known);
  assertEquals(take(), { table: 8, objects: 2 }, "HEAD, POST, PATCH and PUT of one, dropped");
});

Deno.test("HEAD and GET of a blob cost one read each, or one together if the epoch is known (docs/costs.md)", async () => {
  for (const [age, expected] of [[0, 2], [1000, 1]] as const) {
    const stores = new TestStores({ partSize: 1_000_000 });
    const layer = content(100_000, 3);
    await pushBlob(stores.registry().registry, layer);
    const { registry, take } = startProcess(stores, age);
    await pushManifest(registry, imageOf(layer, []));
    await registry.getManifest(REPOSITORY, REFERENCE);
    await settled();
    take();
    await registry.statBlob(REPOSITORY, digest(layer));
    await (await (await registry.getBlob(REPOSITORY, digest(layer))).open()).cancel();
    assertEquals(take(), { table: expected, objects: 1 }, `cache age ${age}`);
  }
});

Deno.test("a manifest that is remembered costs no read of a table that counts its changes (docs/costs.md)", async () => {
  const stores = new TestStores({ partSize: 4096 });
  let reads = 0;
  const table = hooked(stores.table, (method) => {
    if (method !== "changeCount") reads++;
  });
  const { registry, epochs } = stores.registry({ table });
  const process = cached(registry, epochs, { now: () => stores.now });
  await pushBlobs(process);
  await pushManifest(process);
  const reference = { digest: digest(MANIFEST) };
  const costs = async () => {
    reads = 0;
    await process.getManifest(REPOSITORY, reference);
    await process.getBlob(REPOSITORY, digest(LAYER));
    return reads;
  };
  assertEquals([await costs(), await costs(), await costs()], [3, 0, 0]);
  reads = 0;
  await process.statBlob(REPOSITORY, digest(CONFIG));
  await process.getBlob(REPOSITORY, digest(CONFIG));
  assertEquals(reads, 1, "HEAD and GET of a blob");
  await process.deleteTag(REPOSITORY, REFERENCE.tag);
  assertEquals([await costs(), await costs()], [1, 0], "the epoch, since something has changed");
});
