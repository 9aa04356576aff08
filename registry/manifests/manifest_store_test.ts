import { assertEquals } from "@std/assert";
import { CONFIG, imageOfSize, LAYER, withBlobs } from "../../tests/harness/images.ts";
import { laggingTable } from "../../tests/harness/lagging.ts";
import { digest, hooked, imageOf, pushManifest, REPOSITORY } from "../../tests/harness/stores.ts";
import { type ManifestAttributes, manifestKey, stored } from "../items/mod.ts";

Deno.test("getManifest() takes the mark of a retention away although reads of the table lag", async () => {
  const { stores, registry, retain } = await withImage();
  const before = await stores.items();
  await Array.fromAsync(retain([{ repositories: ["**"], untaggedFor: 0 }]));
  const key = manifestKey(REPOSITORY, digest(IMAGE));
  const markOf = async () => stored<ManifestAttributes>(await stores.table.get(key))!.attributes.condemnedAt;
  assertEquals(await markOf(), stores.now);
  const lagging = stores.registry({ table: laggingTable(stores.table, before) }).registry;
  await lagging.getManifest(REPOSITORY, { digest: digest(IMAGE) });
  assertEquals(await markOf(), undefined);
  await registry.getManifest(REPOSITORY, { digest: digest(IMAGE) });
});

Deno.test("a large manifest's object is announced for longer than its push may take, with any expiry of uploads", async () => {
  const { stores } = await withBlobs();
  const [uploadExpiry, grace, deadline] = [40, 800, 100];
  let last = 0;
  const table = hooked(stores.table, () => {}, (method, [item]) => {
    if (method !== "put" || !(item as { pk: string }).pk.startsWith("upload#")) return;
    last = Math.max(last, (item as { attributes: { expiresAt: number } }).attributes.expiresAt);
  });
  await pushManifest(
    stores.registry({ table, uploadExpiry, grace, deadline }).registry,
    imageOfSize(300_000),
    "a",
  );
  const skew = grace / 8;
  assertEquals(last, stores.now + deadline + skew + uploadExpiry / 2);
});

const IMAGE = imageOf(CONFIG, [LAYER]);

/** A registry with an image that no tag points at and that is old enough to be marked by a retention. */
async function withImage() {
  const { stores, registry } = await withBlobs();
  const { retain } = stores.registry({ grace: 1000, deadline: 100 });
  await pushManifest(registry, IMAGE);
  stores.now += 1001;
  return { stores, registry, retain };
}
