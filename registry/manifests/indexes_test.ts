import { assertEquals } from "@std/assert";
import { CONFIG, LAYER, withBlobs } from "../../tests/harness/images.ts";
import { digest, IMAGE, imageOf, INDEX, pushManifest, REPOSITORY } from "../../tests/harness/stores.ts";

/** Bytes of an index of these images. */
function indexOf(images: Uint8Array<ArrayBuffer>[], filler = 0): Uint8Array<ArrayBuffer> {
  const manifests = images.map((image) => ({ mediaType: IMAGE, digest: digest(image), size: image.length }));
  const document = { schemaVersion: 2, mediaType: INDEX, manifests, annotations: { filler: `${filler}` } };
  return new TextEncoder().encode(JSON.stringify(document));
}

Deno.test("listIndexes() lists the indexes that contain a manifest, in pages", async () => {
  const { registry } = await withBlobs();
  const [image, other] = [
    imageOf(CONFIG, [LAYER]),
    imageOf(CONFIG, [LAYER], { annotations: { other: "1" } }),
  ];
  const indexes = [indexOf([image]), indexOf([image, other]), indexOf([image], 1), indexOf([other])];
  for (const bytes of [image, other, ...indexes]) await pushManifest(registry, bytes);
  const expected = indexes.slice(0, 3).map((bytes) => digest(bytes)).sort();
  assertEquals(await registry.listIndexes(REPOSITORY, digest(image), {}), { items: expected });
  const first = await registry.listIndexes(REPOSITORY, digest(image), { limit: 2 });
  assertEquals(first, { items: expected.slice(0, 2), next: expected[1]! });
  assertEquals(
    await registry.listIndexes(REPOSITORY, digest(image), { limit: 2, after: first.next! }),
    { items: expected.slice(2) },
  );
  assertEquals(await registry.listIndexes(REPOSITORY, digest(indexes[0]!), {}), { items: [] });
});
