import { assert, assertEquals, assertRejects, fail } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import type { NewItem, ObjectStore } from "../../storage/mod.ts";
import {
  content,
  digest,
  hooked,
  imageOf,
  OTHER,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import type { LostContent } from "../lost_content.ts";
import { type BlobAttributes, blobKey, linkItem, stored } from "../items/mod.ts";
import type { Registry } from "../mod.ts";

const BYTES = content(30);
const BLOB = digest(BYTES);
const LARGE_IMAGE = imageOf(BYTES, [], { annotations: { filler: "x".repeat(300_000) } });
const DAY = 24 * 60 * 60_000;

async function blobOf(stores: TestStores) {
  return stored<BlobAttributes>(await stores.table.get(blobKey(BLOB), { consistent: true }));
}

/** A blob whose object is gone, as the late write of a process that stood still leaves it. */
async function makeLost(age = 2 * DAY): Promise<TestStores> {
  const stores = new TestStores();
  await pushBlob(stores.registry().registry, BYTES);
  await stores.objects.delete(await stores.keys());
  stores.now += age;
  return stores;
}

/** Gives the blob's item a collector's mark. */
async function condemn(stores: TestStores): Promise<void> {
  const blob = (await blobOf(stores))!;
  const attributes = { ...blob.attributes, state: "condemned" };
  assert(await stores.table.put({ ...blobKey(BLOB), attributes }, { ifVersion: blob.version }));
}

const NO_BUCKET = "The bucket does not exist";

/** The object store as a process sees it whose bucket is missing: a HEAD says only 404, a GET says why. */
function withoutBucket({ objects }: TestStores): ObjectStore {
  return Object.assign(Object.create(objects), {
    size: () => Promise.resolve(undefined),
    get: () => Promise.reject(new Error(NO_BUCKET)),
  });
}

async function codeOf(request: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(request, RegistryError)).code;
}

Deno.test("getBlob() marks a blob whose object is missing, and the next push brings it back", async () => {
  const stores = await makeLost();
  const { registry } = stores.registry();
  assertEquals((await registry.statBlob(REPOSITORY, BLOB)).size, 30);
  assertEquals(await codeOf(() => readBlob(registry, BLOB)), "BLOB_UNKNOWN");
  assertEquals(await codeOf(() => registry.statBlob(REPOSITORY, BLOB)), "BLOB_UNKNOWN");
  await pushBlob(registry, BYTES);
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("getBlob(), mountBlob(), commitUpload() and putManifest() tell once of a blob that lost its object", async () => {
  const requests: ((registry: Registry) => Promise<unknown>)[] = [
    (registry) => codeOf(() => readBlob(registry, BLOB)),
    (registry) => registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, BLOB, OTHER),
    (registry) => pushBlob(registry, BYTES),
    (registry) => codeOf(() => pushManifest(registry, imageOf(BYTES, []))),
  ];
  for (const [i, request] of requests.entries()) {
    const stores = await makeLost();
    await stores.table.putMany([linkItem(BLOB, OTHER, stores.now)]);
    if (i === 3) await condemn(stores);
    const { object } = (await blobOf(stores))!.attributes;
    const lost: LostContent[] = [];
    const { registry } = stores.registry({ lost: (blob) => void lost.push(blob) });
    await request(registry);
    await request(registry);
    assertEquals(lost, [{ kind: "blob", repository: REPOSITORY, digest: BLOB, object }]);
  }
});

Deno.test("getBlob() tells of no lost blob when another process has marked it", async () => {
  const stores = await makeLost();
  const table = hooked(stores.table, async (method, [item]) => {
    if (method !== "put" || (item as NewItem).attributes.state !== "damaged") return;
    assertEquals(await codeOf(() => readBlob(stores.registry().registry, BLOB)), "BLOB_UNKNOWN");
  });
  const { registry } = stores.registry({ table, lost: () => fail("The other process has told of it") });
  assertEquals(await codeOf(() => readBlob(registry, BLOB)), "BLOB_UNKNOWN");
});

Deno.test("getBlob() marks nothing when the blob was replaced after it was read", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES);
  const reader = await registry.getBlob(REPOSITORY, BLOB);
  const old = (await blobOf(stores))!;
  const object = "blobs/another";
  await stores.objects.put(object, BYTES);
  const attributes = { ...old.attributes, object };
  assert(await stores.table.put({ ...blobKey(BLOB), attributes }, { ifVersion: old.version }));
  await stores.objects.delete([old.attributes.object]);
  assertEquals(await codeOf(() => reader.open()), "BLOB_UNKNOWN");
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("getBlob() marks nothing when the blob is replaced while it looks for the object", async () => {
  const stores = await makeLost();
  const object = "blobs/another";
  await stores.objects.put(object, BYTES);
  let reads = 0;
  const objects = hooked(stores.objects, async (method) => {
    if (method !== "get" || ++reads !== 2) return;
    const old = (await blobOf(stores))!;
    const attributes = { ...old.attributes, object };
    await stores.table.put({ ...blobKey(BLOB), attributes }, { ifVersion: old.version });
  });
  const { registry } = stores.registry({ objects });
  assertEquals(await codeOf(() => readBlob(registry, BLOB)), "BLOB_UNKNOWN");
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("getBlob() marks no young blob, whose object the store may show later", async () => {
  const stores = await makeLost(60_000);
  const { registry } = stores.registry();
  assertEquals(await codeOf(() => readBlob(registry, BLOB)), "BLOB_UNKNOWN");
  assertEquals((await blobOf(stores))?.attributes.state, "live");
});

Deno.test("mountBlob() marks nothing where the bucket is missing and HEAD answers 404", async () => {
  const stores = await makeLost();
  const { registry } = stores.registry({ objects: withoutBucket(stores) });
  await assertRejects(
    () => registry.mountBlob(OTHER, UNRESTRICTED_CALLER, BLOB, REPOSITORY),
    Error,
    NO_BUCKET,
  );
  assertEquals((await blobOf(stores))?.attributes.state, "live");
});

Deno.test("putManifest() marks nothing where the bucket is missing and HEAD answers 404", async () => {
  const stores = await makeLost();
  await condemn(stores);
  const { registry } = stores.registry({ objects: withoutBucket(stores) });
  await assertRejects(() => pushManifest(registry, imageOf(BYTES, [])), Error, NO_BUCKET);
  assertEquals((await blobOf(stores))?.attributes.state, "condemned");
});

Deno.test("getBlob() of a registry that is only read marks nothing", async () => {
  const stores = await makeLost();
  const { registry } = stores.registry({ touch: false });
  assertEquals(await codeOf(() => readBlob(registry, BLOB)), "BLOB_UNKNOWN");
  assertEquals((await blobOf(stores))?.attributes.state, "live");
});

Deno.test("commitUpload() brings the bytes of an old blob whose object is missing", async () => {
  const stores = await makeLost();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES, OTHER);
  assertEquals(await readBlob(registry, BLOB, OTHER), BYTES);
  assertEquals(await readBlob(registry, BLOB), BYTES);
});

Deno.test("commitUpload() brings the bytes of a condemned blob whose object is missing", async () => {
  const stores = await makeLost();
  await condemn(stores);
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES, OTHER);
  assertEquals(await readBlob(registry, BLOB, OTHER), BYTES);
});

Deno.test("commitUpload() drops its bytes when those of an old blob are there", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES);
  const keys = await stores.keys();
  stores.now += DAY;
  await pushBlob(registry, BYTES, OTHER);
  assertEquals(await stores.keys(), keys);
});

Deno.test("mountBlob() links no old blob whose object is missing", async () => {
  const stores = await makeLost();
  const { registry } = stores.registry();
  assertEquals(await registry.mountBlob(OTHER, UNRESTRICTED_CALLER, BLOB, REPOSITORY), undefined);
  assertEquals((await blobOf(stores))?.attributes.state, "damaged");
});

Deno.test("putManifest() refuses a condemned blob whose object is missing", async () => {
  const stores = await makeLost();
  await condemn(stores);
  const { registry } = stores.registry();
  assertEquals(await codeOf(() => pushManifest(registry, imageOf(BYTES, []))), "MANIFEST_BLOB_UNKNOWN");
  assertEquals((await blobOf(stores))?.attributes.state, "damaged");
});

/** A large manifest whose object is gone. */
async function makeLostManifest(age = 2 * DAY): Promise<{ stores: TestStores; object: string }> {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES);
  await pushManifest(registry, LARGE_IMAGE);
  const [object = ""] = (await stores.keys()).filter((key) => key.startsWith("manifests/"));
  await stores.objects.delete([object]);
  stores.now += age;
  return { stores, object };
}

function readLargeImage(registry: Registry) {
  return registry.getManifest(REPOSITORY, { digest: digest(LARGE_IMAGE) });
}

Deno.test("getManifest() tells once of a large manifest whose object is missing, and its next push brings it back", async () => {
  const { stores, object } = await makeLostManifest();
  const lost: LostContent[] = [];
  // For a HEAD the object is still there.
  const objects = new Proxy(stores.objects, {
    get(target, name) {
      if (name === "size") return () => Promise.resolve(LARGE_IMAGE.length);
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const { registry } = stores.registry({ objects, lost: (content) => void lost.push(content) });
  for (let i = 0; i < 2; i++) {
    assertEquals(await codeOf(() => readLargeImage(registry)), "MANIFEST_UNKNOWN");
  }
  assertEquals(lost, [{ kind: "manifest", repository: REPOSITORY, digest: digest(LARGE_IMAGE), object }]);
  await pushManifest(registry, LARGE_IMAGE);
  assertEquals((await readLargeImage(registry)).bytes, LARGE_IMAGE);
  // The new item has no mark: its loss is news again.
  await stores.objects.delete((await stores.keys()).filter((key) => key.startsWith("manifests/")));
  stores.now += 2 * DAY;
  assertEquals(await codeOf(() => readLargeImage(registry)), "MANIFEST_UNKNOWN");
  assertEquals(lost.length, 2);
});

Deno.test("getManifest() tells of no young manifest, nor in a registry that is only read, nor without a bucket", async () => {
  const lost: LostContent[] = [];
  const tell = (content: LostContent) => void lost.push(content);
  const { stores: young } = await makeLostManifest(1);
  await codeOf(() => readLargeImage(young.registry({ lost: tell }).registry));
  const { stores } = await makeLostManifest();
  await codeOf(() => readLargeImage(stores.registry({ lost: tell, touch: false }).registry));
  const { registry } = stores.registry({ lost: tell, objects: withoutBucket(stores) });
  await assertRejects(() => readLargeImage(registry), Error, NO_BUCKET);
  assertEquals(lost, []);
});

Deno.test("getManifest() marks nothing when the manifest is deleted or pushed while it looks for the object", async () => {
  for (const meanwhile of ["deleteManifest", "putManifest"] as const) {
    const { stores } = await makeLostManifest();
    const { registry } = stores.registry();
    const lost: LostContent[] = [];
    let reads = 0;
    const objects = hooked(stores.objects, async (method) => {
      if (method !== "get" || ++reads !== 3) return;
      if (meanwhile === "putManifest") await pushManifest(registry, LARGE_IMAGE);
      else await registry.deleteManifest(REPOSITORY, digest(LARGE_IMAGE));
    });
    const reader = stores.registry({ objects, lost: (content) => void lost.push(content) }).registry;
    await codeOf(() => readLargeImage(reader));
    assertEquals([reads, lost], [3, []]);
    if (meanwhile === "putManifest") assertEquals((await readLargeImage(registry)).bytes, LARGE_IMAGE);
    else assertEquals(await codeOf(() => readLargeImage(registry)), "MANIFEST_UNKNOWN");
  }
});

Deno.test("putManifest() stores a large manifest again when its object is missing", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES);
  const large = imageOf(BYTES, [], { annotations: { filler: "x".repeat(300_000) } });
  await pushManifest(registry, large, "a");
  const blob = (await blobOf(stores))!.attributes.object;
  await stores.objects.delete((await stores.keys()).filter((key) => key !== blob));
  assertEquals(
    await codeOf(() => registry.getManifest(REPOSITORY, { digest: digest(large) })),
    "MANIFEST_UNKNOWN",
  );
  await pushManifest(registry, large, "a");
  assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(large) })).bytes, large);
});

Deno.test("collect() removes a blob whose object is missing once no repository links it", async () => {
  const stores = await makeLost();
  const { registry, collect } = stores.registry();
  assertEquals(await codeOf(() => readBlob(registry, BLOB)), "BLOB_UNKNOWN");
  stores.now += 3 * DAY;
  const collectAll = async () => {
    for (let step = await collect(); step.next !== undefined;) step = await collect({ after: step.next });
  };
  await stores.table.putMany([{
    pk: `repo#${REPOSITORY}`,
    sk: `edge#${BLOB}#${BLOB}`,
    attributes: { at: stores.now },
  }]);
  await collectAll();
  assertEquals((await blobOf(stores))?.attributes.state, "damaged");
  const edge = (await stores.table.get({ pk: `repo#${REPOSITORY}`, sk: `edge#${BLOB}#${BLOB}` }))!;
  await stores.table.delete(edge, { ifVersion: edge.version });
  await collectAll();
  assertEquals(await blobOf(stores), undefined);
});
