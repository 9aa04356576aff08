import { assert, assertEquals } from "@std/assert";
import {
  buildkitCacheIndex,
  digestOfBytes,
  foreignLayerImage,
  isManifestType,
  layerOf,
  multiArchIndex,
  noise,
  readLayout,
  sha512Image,
  walk,
  writeLayout,
} from "./mod.ts";

Deno.test("multiArchIndex() makes the same bytes for the same name and other bytes for another", async () => {
  const [one, again, other] = await Promise.all([
    multiArchIndex("one"),
    multiArchIndex("one"),
    multiArchIndex("other"),
  ]);
  assertEquals(one.root.digest, again.root.digest);
  assert(one.root.digest !== other.root.digest);
});

Deno.test("layerOf() identifies the archive before it is packed", async () => {
  const plain = await layerOf({ "a/b": "c" }, "");
  const packed = await layerOf({ "a/b": "c" }, "+zstd");
  assertEquals(packed.diffId, digestOfBytes(plain.bytes));
  assertEquals([...packed.bytes.subarray(0, 4)], [0x28, 0xb5, 0x2f, 0xfd], "RFC 8878 §3.1.1, Magic_Number");
});

Deno.test("noise() is as long as asked and not alike for two seeds", () => {
  assertEquals(noise("a", 1001).length, 1001);
  assert(noise("a", 32).join() !== noise("b", 32).join());
});

Deno.test("walk() yields references before the manifests that name them", async () => {
  const image = await multiArchIndex("walk");
  const found = walk(image);
  assertEquals(found.length, [...image.content.entries()].length);
  assertEquals(found.at(-1)?.digest, image.root.digest);
  assertEquals(found.filter((descriptor) => isManifestType(descriptor.mediaType)).length, 4);
});

Deno.test("walk() leaves out the layer that lies elsewhere and takes blobs as children of an index", async () => {
  const foreign = await foreignLayerImage("walk");
  assertEquals(walk(foreign).length, 3);
  const cache = await buildkitCacheIndex("walk");
  assertEquals(walk(cache).filter((descriptor) => isManifestType(descriptor.mediaType)), [cache.root]);
});

Deno.test("readLayout() reads the output of writeLayout(), with sha512 too", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const image = await sha512Image("layout");
    const read = await readLayout(await writeLayout(folder, image, "v1"), "v1");
    assertEquals(read.root.digest, image.root.digest);
    for (const [digest, bytes] of image.content.entries()) assertEquals(read.content.get(digest), bytes);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
