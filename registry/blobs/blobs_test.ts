import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import {
  content,
  digest,
  OTHER,
  pushBlob,
  readBlob,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import { linkItem, linkKey } from "../items/mod.ts";
import type { RegistryOptions } from "../create_registry.ts";

const BYTES = content(30);
const BLOB = digest(BYTES);

async function pushed(options: Partial<RegistryOptions> = {}) {
  const stores = new TestStores();
  const { registry } = stores.registry({ grace: 1000, ...options });
  await pushBlob(registry, BYTES);
  return { stores, registry };
}

Deno.test("getBlob() reads ranges of a blob, several times", async () => {
  const { registry } = await pushed();
  const reader = await registry.getBlob(REPOSITORY, BLOB);
  assertEquals([reader.digest, reader.size], [BLOB, 30]);
  for (const [first, last] of [[0, 0], [3, 9], [29, 29], [0, 29]] as const) {
    const bytes = new Uint8Array(await new Response(await reader.open({ first, last })).arrayBuffer());
    assertEquals(bytes, BYTES.slice(first, last + 1));
  }
});

Deno.test("getBlob() answers BLOB_UNKNOWN when the blob is collected before it is opened", async () => {
  const { stores, registry } = await pushed();
  const reader = await registry.getBlob(REPOSITORY, BLOB);
  await stores.objects.delete(await stores.keys());
  assertEquals((await assertRejects(() => reader.open(), RegistryError)).code, "BLOB_UNKNOWN");
});

Deno.test("a blob is unknown to a repository that has no link to it", async () => {
  const { registry } = await pushed();
  for (const read of [registry.statBlob, registry.getBlob, registry.deleteBlob]) {
    const error = await assertRejects(async () => void await read(OTHER, BLOB), RegistryError);
    assertEquals([error.code, error.status], ["BLOB_UNKNOWN", 404]);
  }
});

Deno.test("deleteBlob() takes the blob from one repository and from no other", async () => {
  const { registry } = await pushed();
  await pushBlob(registry, BYTES, OTHER);
  await registry.deleteBlob(REPOSITORY, BLOB);
  assertEquals(
    (await assertRejects(() => registry.statBlob(REPOSITORY, BLOB), RegistryError)).code,
    "BLOB_UNKNOWN",
  );
  await assertRejects(() => registry.deleteBlob(REPOSITORY, BLOB), RegistryError);
  assertEquals(await readBlob(registry, BLOB, OTHER), BYTES);
});

Deno.test("statBlob() touches an old link and a condemned one, and no other", async () => {
  const { stores, registry } = await pushed();
  const link = async () => (await stores.table.get(linkKey(BLOB, REPOSITORY)))!;
  const fresh = await link();
  await registry.statBlob(REPOSITORY, BLOB);
  assertEquals(await link(), fresh);
  stores.now += 300;
  await registry.statBlob(REPOSITORY, BLOB);
  assertEquals((await link()).attributes, { state: "live", touchedAt: stores.now });
  const condemned = {
    ...linkItem(BLOB, REPOSITORY, stores.now),
    attributes: { state: "condemned", touchedAt: 0 },
  };
  const version = await stores.table.put(condemned, { ifVersion: (await link()).version });
  await registry.statBlob(REPOSITORY, BLOB);
  assertEquals((await link()).attributes, { state: "live", touchedAt: stores.now });
  assertEquals(await stores.table.delete(linkKey(BLOB, REPOSITORY), { ifVersion: version! }), false);
});

Deno.test("statBlob() touches nothing in a registry that does not touch", async () => {
  const { stores, registry } = await pushed({ touch: false });
  const before = await stores.items();
  stores.now += 10_000;
  await registry.statBlob(REPOSITORY, BLOB);
  assertEquals(await stores.items(), before);
});
