import { assertEquals } from "@std/assert";
import { parseDigest, type Tag } from "../../oci/mod.ts";
import { counted } from "../../tests/harness/call_counts.ts";
import {
  body,
  content,
  digest,
  imageOf,
  OTHER,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";

const [CONFIG, LAYER] = [content(10, 1), content(20, 2)];
const IMAGE = imageOf(CONFIG, [LAYER]);

/** A process over stores with an image, and the requests of its explorer. */
async function open() {
  const stores = new TestStores({ partSize: 4096 });
  const { registry } = stores.registry();
  for (const bytes of [CONFIG, LAYER]) await pushBlob(registry, bytes);
  await pushManifest(registry, IMAGE, "v1", "v2");
  const { table, objects, take } = counted(stores.objects, stores.table);
  const explorer = await stores.registry({ table, objects }).explore();
  return { stores, registry, explorer, take };
}

Deno.test("Explorer.tags() and tagsNamed() tell the last move and the number of moves in one request", async () => {
  const { stores, registry, explorer, take } = await open();
  stores.now += 1000;
  const other = imageOf(CONFIG, []);
  await pushManifest(registry, other, "v1");
  const [v1, v2] = await explorer.tags(REPOSITORY, { limit: 10 });
  assertEquals([v1!.tag, v1!.digest, v1!.moves, v1!.move.at], ["v1", digest(other), 2, stores.now]);
  assertEquals([v2!.digest, v2!.moves, v2!.move.by], [digest(IMAGE), 1, PRINCIPAL]);
  assertEquals(take().table, 1);
  assertEquals(await explorer.tagsNamed(REPOSITORY, [tag("v2"), tag("none")]), [v2, undefined]);
  assertEquals(await explorer.tags(REPOSITORY, { after: "v1", limit: 1 }), [v2!]);
  assertEquals(await explorer.tagNames(REPOSITORY, { limit: 1 }), ["v1" as Tag]);
  assertEquals(take().table, 3);
});

Deno.test("Explorer.tagsOf() leaves out tags that have moved on", async () => {
  const { registry, explorer, take } = await open();
  await pushManifest(registry, imageOf(CONFIG, []), "v1");
  take();
  assertEquals(await explorer.tagsOf(REPOSITORY, digest(IMAGE), 10), { items: [tag("v2")], more: false });
  assertEquals(take().table, 2);
  assertEquals((await explorer.tagsOf(REPOSITORY, digest(IMAGE), 1)).more, true);
});

Deno.test("Explorer.manifests() tells the push, and leaves out missing manifests", async () => {
  const { explorer, stores, take } = await open();
  const [found, missing] = await explorer.manifests(REPOSITORY, [digest(IMAGE), digest(utf8("none"))]);
  assertEquals([found!.pushedBy, found!.pushedAt, found!.bytes], [PRINCIPAL, stores.now, IMAGE]);
  assertEquals([missing, take().table], [undefined, 1]);
  assertEquals(await explorer.digestsFrom(REPOSITORY, digest(IMAGE).slice(0, 12), 5), [digest(IMAGE)]);
  assertEquals(await explorer.digestsFrom(REPOSITORY, "sha256:!", 5), []);
  assertEquals((await explorer.referencing(REPOSITORY, digest(LAYER), 5)).items, [digest(IMAGE)]);
});

Deno.test("Explorer.manifests() tells a large manifest without its bytes", async () => {
  const { registry, explorer } = await open();
  const large = imageOf(CONFIG, [], { annotations: { a: "x".repeat(300_000) } });
  await pushManifest(registry, large, "large");
  const [found] = await explorer.manifests(REPOSITORY, [digest(large)]);
  assertEquals([found!.size, found!.bytes], [large.length, undefined]);
});

Deno.test("Explorer.blobs() tells which blobs another repository has too", async () => {
  const { registry, explorer } = await open();
  const { id } = await registry.startUpload(OTHER, PRINCIPAL);
  await registry.commitUpload(OTHER, PRINCIPAL, id, digest(LAYER), body(LAYER));
  const blobs = await explorer.blobs(REPOSITORY, { limit: 10 });
  assertEquals(
    new Map(blobs.map(({ digest, size, isShared }) => [digest, [size, isShared]])),
    new Map([[digest(CONFIG), [10, false]], [digest(LAYER), [20, true]]]),
  );
  const [first] = blobs;
  assertEquals((await explorer.blobs(REPOSITORY, { after: first!.digest, limit: 10 })).length, 1);
  assertEquals(await explorer.manifestSizes(REPOSITORY, { limit: 10 }), { count: 1, bytes: IMAGE.length });
});

Deno.test("Explorer.repositories() tells when a repository was created", async () => {
  const { explorer, stores, take } = await open();
  assertEquals(await explorer.repositories([REPOSITORY, OTHER]), [{ createdAt: stores.now }, undefined]);
  assertEquals(take().table, 1);
  assertEquals(await explorer.lastPull(REPOSITORY), undefined);
  assertEquals(await explorer.upload("none"), undefined);
  assertEquals(await explorer.countReferrers(REPOSITORY, digest(IMAGE), 5), { count: 0, more: false });
  assertEquals(parseDigest(digest(IMAGE)), digest(IMAGE));
});
