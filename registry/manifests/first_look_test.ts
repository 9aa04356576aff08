import { assert, assertEquals } from "@std/assert";
import { codeOf, CONFIG, LAYER, withBlobs } from "../../tests/harness/images.ts";
import {
  digest,
  hooked,
  imageOf,
  indexOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  utf8,
} from "../../tests/harness/stores.ts";
import { FEW_REFERENCES, WARY_MS } from "./first_look.ts";

/** So many layers that are not there. */
const missing = (count: number) => Array.from({ length: count }, (_, i) => utf8(`missing ${i}`));

Deno.test("putManifest() writes nothing for a manifest that lacks some of its many references", async () => {
  const { stores, registry } = await withBlobs();
  const before = await stores.items();
  for (
    const bytes of [
      imageOf(CONFIG, missing(10_000)),
      imageOf(CONFIG, [LAYER, ...missing(FEW_REFERENCES)]),
      indexOf(missing(FEW_REFERENCES + 1)),
    ]
  ) assertEquals(await codeOf(() => pushManifest(registry, bytes, "latest")), "MANIFEST_BLOB_UNKNOWN");
  assertEquals(await stores.items(), before);
});

Deno.test("putManifest() leaves edges of only a few refused manifests after many pushes", async () => {
  const { stores, registry } = await withBlobs();
  const refuse = async (count: number) => {
    const before = (await stores.items()).length;
    for (let i = 0; i < count; i++) {
      const bytes = imageOf(CONFIG, missing(FEW_REFERENCES - 1), { a: `${stores.now} ${i}` });
      assertEquals(await codeOf(() => pushManifest(registry, bytes, "latest")), "MANIFEST_BLOB_UNKNOWN");
    }
    return (await stores.items()).length - before;
  };
  const [edges, mark, candidate] = [FEW_REFERENCES, 1, 1];
  assertEquals(await refuse(50), edges + mark + candidate);
  stores.now += WARY_MS - 1;
  assertEquals(await refuse(50), 0);
  stores.now += 1;
  assertEquals(await refuse(50), edges + mark + candidate);
});

Deno.test("putManifest() looks no further where enough is missing", async () => {
  const { stores } = await withBlobs();
  let keys = 0;
  const table = hooked(stores.table, (method, [asked]) => {
    if (method === "getMany") keys += (asked as unknown[]).length;
  });
  const { registry } = stores.registry({ table });
  await codeOf(() => pushManifest(registry, imageOf(CONFIG, missing(10_000))));
  assert(keys < 1000, `${keys} items were read`);
});

Deno.test("putManifest() repeats a read that lags as a consistent one before it refuses", async () => {
  const { stores, registry } = await withBlobs();
  const layers = Array.from({ length: FEW_REFERENCES }, (_, i) => utf8(`layer ${i}`));
  for (const layer of layers) await pushBlob(registry, layer);
  const table = Object.create(stores.table, {
    getMany: {
      value: (keys: never[], options?: { consistent?: boolean }) =>
        options?.consistent
          ? stores.table.getMany(keys, options)
          : Promise.resolve(keys.map(() => undefined)),
    },
  });
  await pushManifest(stores.registry({ table }).registry, imageOf(CONFIG, [LAYER, ...layers]), "latest");
});

Deno.test("putManifest() takes an index of more children than are read at once", async () => {
  const { registry } = await withBlobs();
  const children = Array.from({ length: 70 }, (_, i) => imageOf(CONFIG, [], { a: i }));
  for (const child of children) await pushManifest(registry, child);
  await pushManifest(registry, indexOf(children), "latest");
  const lacking = indexOf([...children, imageOf(CONFIG, [], { a: "missing" })]);
  assertEquals(await codeOf(() => pushManifest(registry, lacking)), "MANIFEST_BLOB_UNKNOWN");
  await registry.deleteManifest(REPOSITORY, digest(children[69]!));
  assertEquals(await codeOf(() => pushManifest(registry, indexOf(children))), "MANIFEST_BLOB_UNKNOWN");
});
