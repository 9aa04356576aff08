import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../oci/mod.ts";
import {
  content,
  digest,
  hooked,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../tests/harness/stores.ts";
import { sharedGets } from "./shared_gets.ts";

const CONFIG = content(9, 1);
const IMAGE = imageOf(CONFIG, []);

/** A registry with an image, and the calls of its stores. */
async function setUp() {
  const stores = new TestStores();
  const calls: string[] = [];
  const counted = (method: string) => void calls.push(method);
  const { registry } = stores.registry({
    table: hooked(stores.table, counted),
    objects: hooked(stores.objects, counted),
  });
  await pushBlob(registry, CONFIG);
  await pushManifest(registry, IMAGE, "a");
  calls.length = 0;
  return { registry, shared: sharedGets(registry, { share: 1, age: 1000 }), calls };
}

Deno.test("getManifest() shares the reads of concurrent requests, and reads again for later ones", async () => {
  const { shared, registry, calls } = await setUp();
  const get = () => shared.getManifest(REPOSITORY, { tag: tag("a") });
  const found = await Promise.all(Array.from({ length: 500 }, get));
  assert(found.every((manifest) => manifest.digest === digest(IMAGE)));
  assertEquals(calls, ["get", "get"]); // the tag and the manifest
  await get();
  assertEquals(calls.length, 4);
  await registry.deleteTag(REPOSITORY, tag("a"));
  await assertRejects(get, RegistryError, "Manifest not found");
});

Deno.test("getManifest() reads for every HEAD", async () => {
  const { shared, calls } = await setUp();
  const head = () => shared.getManifest(REPOSITORY, { digest: digest(IMAGE) }, { exact: true });
  await Promise.all([head(), head()]);
  assertEquals(calls, ["get", "get"]);
});

Deno.test("getBlob() reads the bytes of a small blob once, and finds the blob for every request", async () => {
  const { shared, registry, calls } = await setUp();
  for (let i = 0; i < 2; i++) assertEquals(await readBlob(shared, digest(CONFIG)), CONFIG);
  assertEquals(calls, ["getMany", "get", "getMany"]);
  await registry.deleteBlob(REPOSITORY, digest(CONFIG));
  await assertRejects(() => readBlob(shared, digest(CONFIG)), RegistryError, "Blob not found");
});
