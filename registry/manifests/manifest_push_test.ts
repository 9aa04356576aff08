import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import type { NewItem } from "../../storage/mod.ts";
import { codeOf, CONFIG, imageOfSize, LAYER, put, withBlobs } from "../../tests/harness/images.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  indexOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  setBlobState,
  tag,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";
import { blobKey, linkItem, linkKey } from "../items/mod.ts";

for (const size of [500, 256 * 1024, 256 * 1024 + 1, 4 * 1024 * 1024]) {
  Deno.test(`putManifest() keeps exactly the ${size} bytes that were pushed, by tag and by digest`, async () => {
    const { registry } = await withBlobs();
    const bytes = imageOfSize(size);
    assertEquals(bytes.length, size);
    await pushManifest(registry, bytes, "latest");
    for (const reference of [{ tag: tag("latest") }, { digest: digest(bytes) }]) {
      const manifest = await registry.getManifest(REPOSITORY, reference);
      assertEquals(manifest, { digest: digest(bytes), mediaType: IMAGE, bytes });
    }
    assertEquals(await registry.resolveTag(REPOSITORY, tag("latest")), digest(bytes));
  });
}

Deno.test("putManifest() keeps a manifest under the algorithm that it was pushed by", async () => {
  const { registry } = await withBlobs();
  const bytes = imageOf(CONFIG, [LAYER]);
  const sha512 = digest(bytes, "sha512");
  await put(registry, bytes, { reference: { digest: sha512 }, tags: [tag("a"), tag("b"), tag("a")] });
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("b") })).digest, sha512);
  assertEquals((await registry.getManifest(REPOSITORY, { digest: sha512 })).bytes, bytes);
  assertEquals(
    await codeOf(() => registry.getManifest(REPOSITORY, { digest: digest(bytes) })),
    "MANIFEST_UNKNOWN",
  );
});

Deno.test("putManifest() rejects content that does not match the digest", async () => {
  const { stores, registry } = await withBlobs();
  const before = await stores.items();
  const wrong = { reference: { digest: digest(content(3)) }, tags: [tag("latest")] };
  assertEquals(await codeOf(() => put(registry, imageOf(CONFIG, [LAYER]), wrong)), "DIGEST_INVALID");
  assertEquals(await codeOf(() => put(registry, utf8("{}"), { tags: [tag("latest")] })), "MANIFEST_INVALID");
  assertEquals(await stores.items(), before);
});

Deno.test("putManifest() refuses an artifact type that its place among the referrers could not hold", async () => {
  const { stores, registry } = await withBlobs();
  const before = await stores.items();
  const subject = { mediaType: IMAGE, digest: digest(content(3)), size: 3 };
  const bytes = imageOf(CONFIG, [], { subject, artifactType: "x".repeat(1_000_000) });
  assertEquals(await codeOf(() => put(registry, bytes)), "MANIFEST_INVALID");
  assertEquals(await stores.items(), before);
});

Deno.test("putManifest() does not let a second push change the media type that others see", async () => {
  const { registry } = await withBlobs();
  const untyped = utf8(
    new TextDecoder().decode(imageOf(CONFIG, [LAYER])).replace(`"mediaType":"${IMAGE}",`, ""),
  );
  await put(registry, untyped);
  const docker = { contentType: "application/vnd.docker.distribution.manifest.v2+json" };
  assertEquals(await codeOf(() => put(registry, untyped, docker)), "MANIFEST_INVALID");
  assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(untyped) })).mediaType, IMAGE);
});

Deno.test("putManifest() makes no manifest visible whose references are missing, and leaves an existing one", async () => {
  const { registry } = await withBlobs();
  const lacking = imageOf(CONFIG, [content(5, 9)]);
  const error = await assertRejects(() => pushManifest(registry, lacking, "latest"), RegistryError);
  assertEquals([error.code, error.status], ["MANIFEST_BLOB_UNKNOWN", 400]);
  assertEquals(error.detail, [{
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: digest(content(5, 9)),
    size: 5,
  }]);
  assertEquals(
    await codeOf(() => registry.getManifest(REPOSITORY, { digest: digest(lacking) })),
    "MANIFEST_UNKNOWN",
  );
  assertEquals(await codeOf(() => registry.listTags(REPOSITORY, {})), "NAME_UNKNOWN");
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "latest");
  await registry.deleteBlob(REPOSITORY, digest(LAYER));
  assertEquals(await codeOf(() => pushManifest(registry, image, "again")), "MANIFEST_BLOB_UNKNOWN");
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("latest") })).bytes, image);
});

Deno.test("putManifest() accepts missing references where sparse manifests are fine", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ references: "sparse" });
  const lacking = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, lacking, "latest");
  await pushManifest(registry, indexOf([lacking, content(3)]), "index");
  assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("index"), tag("latest")]);
});

Deno.test("putManifest() takes layers as the children of BuildKit's cache index", async () => {
  const { registry } = await withBlobs();
  await pushManifest(
    registry,
    indexOf([CONFIG, LAYER], "application/vnd.oci.image.layer.v1.tar+gzip"),
    "cache",
  );
  assertEquals(
    await codeOf(() => pushManifest(registry, indexOf([content(4)]), "none")),
    "MANIFEST_BLOB_UNKNOWN",
  );
});

Deno.test("putManifest() needs no foreign layers and no subject", async () => {
  const { registry } = await withBlobs();
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest: digest(content(6)),
    size: 6,
    urls: ["https://example.test/layer"],
  };
  const layers = JSON.parse(new TextDecoder().decode(imageOf(CONFIG, [LAYER]))).layers;
  const subject = { mediaType: IMAGE, digest: digest(content(7)), size: 7 };
  const bytes = imageOf(CONFIG, [], { layers: [...layers, foreign], subject });
  const receipt = await put(registry, bytes);
  assertEquals(receipt, { digest: digest(bytes), tags: [], subject: subject.digest });
});

Deno.test("putManifest() revives references that a collector has condemned", async () => {
  const { stores, registry } = await withBlobs();
  const blob = digest(LAYER);
  const link = await stores.table.get(linkKey(blob, REPOSITORY));
  const condemned = { ...linkItem(blob, REPOSITORY, 0), attributes: { state: "condemned", touchedAt: 0 } };
  const linkVersion = await stores.table.put(condemned, { ifVersion: link!.version });
  const item = await stores.table.get(blobKey(blob));
  const attributes = { ...item!.attributes, state: "condemned" };
  const blobVersion = await stores.table.put({ ...blobKey(blob), attributes }, { ifVersion: item!.version });
  await pushManifest(registry, imageOf(CONFIG, [LAYER]), "latest");
  assertEquals(await stores.table.delete(linkKey(blob, REPOSITORY), { ifVersion: linkVersion! }), false);
  assertEquals(await stores.table.delete(blobKey(blob), { ifVersion: blobVersion! }), false);
  assertEquals((await stores.table.get(blobKey(blob)))?.attributes.state, "live");
});

Deno.test("putManifest() looks again after it has revived something", async () => {
  const { stores } = await withBlobs();
  const key = linkKey(digest(LAYER), REPOSITORY);
  const condemned = {
    ...linkItem(digest(LAYER), REPOSITORY, 0),
    attributes: { state: "condemned", touchedAt: 0 },
  };
  await stores.table.put(condemned, { ifVersion: (await stores.table.get(key))!.version });
  const pusher = stores.registry({
    table: hooked(stores.table, () => {}, async (method, [item]) => {
      const { pk, sk } = item as { pk: string; sk: string };
      if (method !== "put" || pk !== key.pk || sk !== key.sk) return;
      await setBlobState(stores, digest(LAYER), "deleting");
    }),
  }).registry;
  const push = () => pushManifest(pusher, imageOf(CONFIG, [LAYER]), "latest");
  assertEquals(await codeOf(push), "MANIFEST_BLOB_UNKNOWN");
});

Deno.test("putManifest() keeps the object of a large manifest when uploads expire sooner than the request", async () => {
  const stores = new TestStores();
  const options = { uploadExpiry: 1000, deadline: 60_000 };
  const { registry } = stores.registry(options);
  await pushBlob(registry, CONFIG);
  const large = imageOf(CONFIG, [], { annotations: { filler: "x".repeat(300_000) } });
  const slow = stores.registry({
    ...options,
    table: hooked(stores.table, async (method, [item]) => {
      if (method !== "put" || !(item as NewItem).sk.startsWith("manifest#")) return;
      stores.now += 30_000;
      await stores.registry(options).sweep();
    }),
  });
  await pushManifest(slow.registry, large, "a");
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("a") })).bytes, large);
});

for (const failure of [undefined, new Error("No such file or directory (os error 2): rename")]) {
  const outcome = failure === undefined ? "succeeds" : "fails";
  Deno.test(`putManifest() answers 503 when the write of a large manifest outlasts the deadline and ${outcome}`, async () => {
    const stores = new TestStores();
    const options = { uploadExpiry: 1000 };
    const upkeep = stores.registry(options);
    await pushBlob(upkeep.registry, CONFIG);
    const large = imageOf(CONFIG, [], { annotations: { filler: "x".repeat(300_000) } });
    let isSlow = true;
    const objects = hooked(stores.objects, async (method) => {
      if (method !== "put" || !isSlow) return;
      // The process stands still; the sweep then deletes the unfinished file.
      stores.now += 24 * 60 * 60_000;
      await upkeep.sweep();
      if (failure !== undefined) throw failure;
    });
    const { registry } = stores.registry({ ...options, objects });
    const before = await stores.keys();
    const error = await assertRejects(() => pushManifest(registry, large, "a"), RegistryError);
    assertEquals([error.status, error.cause], [503, failure]);
    assertEquals(await stores.keys(), before);
    isSlow = false;
    await pushManifest(registry, large, "a");
    assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("a") })).bytes, large);
  });
}
