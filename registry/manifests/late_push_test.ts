import { assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import {
  content,
  digest,
  hooked,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import type { Key, Table } from "../../storage/ports.ts";
import { manifestKey } from "../items/mod.ts";

const LAYER = content(10, 1);
const IMAGE = imageOf(LAYER, []);

/** More than the default deadline of a request. */
const LATE_MS = 61_000;

Deno.test("putManifest() leaves no tag that points to nothing when a delete and its deadline come before its end", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, LAYER);
  const key = manifestKey(REPOSITORY, digest(IMAGE));
  const table = hooked<Table>(stores.table, () => {}, async (method, [item]) => {
    if (method !== "put" || (item as Key).sk !== "tag#latest") return;
    // Another process has looked for tags before this one came, and deletes the manifest.
    const { version } = (await stores.table.get(key, { consistent: true }))!;
    await stores.table.delete(key, { ifVersion: version });
    stores.now += LATE_MS;
  });
  await assertRejects(
    () => pushManifest(stores.registry({ table }).registry, IMAGE, "latest"),
    RegistryError,
  );
  await assertRejects(() => registry.resolveTag(REPOSITORY, tag("latest")), RegistryError, "not found");
});
