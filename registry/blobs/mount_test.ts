import { assertEquals, assertRejects } from "@std/assert";
import { parseRepositoryName, RegistryError } from "../../oci/mod.ts";
import {
  content,
  digest,
  OTHER,
  pushBlob,
  readBlob,
  REPOSITORY,
  setBlobState,
  TestStores,
} from "../../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { blobKey } from "../items/mod.ts";

const BYTES = content(30);
const BLOB = digest(BYTES);

Deno.test("mountBlob() links a blob of another repository, and nothing else", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES, OTHER);
  const missing = parseRepositoryName("library/missing");
  assertEquals(await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, BLOB, missing), undefined);
  assertEquals(
    await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, digest(content(3)), undefined),
    undefined,
  );
  assertEquals(await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, BLOB, OTHER), {
    digest: BLOB,
    size: 30,
  });
  assertEquals(await readBlob(registry, BLOB), BYTES);
  assertEquals(await registry.mountBlob(missing, UNRESTRICTED_CALLER, BLOB, undefined), {
    digest: BLOB,
    size: 30,
  });
  assertEquals(await readBlob(registry, BLOB, missing), BYTES);
  assertEquals((await stores.keys()).length, 1);
});

Deno.test("mountBlob() finds nothing where a blob is being deleted, or where a link alone is left", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES, OTHER);
  await setBlobState(stores, BLOB, "deleting");
  assertEquals(await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, BLOB, OTHER), undefined);
  const item = await stores.table.get(blobKey(BLOB));
  await stores.table.delete(blobKey(BLOB), { ifVersion: item!.version });
  assertEquals(await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, BLOB, OTHER), undefined);
  assertEquals(await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, BLOB, undefined), undefined);
  await assertRejects(() => registry.statBlob(OTHER, BLOB), RegistryError);
});

Deno.test("mountBlob() does not link a blob whose last repository has dropped it", async () => {
  const { registry } = new TestStores().registry();
  await pushBlob(registry, BYTES, OTHER);
  await registry.deleteBlob(OTHER, BLOB);
  assertEquals(await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, BLOB, undefined), undefined);
});
