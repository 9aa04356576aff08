/** A client that comes at any storage call of a collection. */
import { assertEquals } from "@std/assert";
import { assertConsistent } from "../../tests/harness/invariants.ts";
import { interruptedStores } from "../../tests/harness/moments.ts";
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
} from "../../tests/harness/stores.ts";
import type { Key, NewItem } from "../../storage/mod.ts";
import { GARBAGE_PREFIX, linkKey, manifestKey } from "../items/mod.ts";
import type { Registry, StoredRegistry } from "../mod.ts";

const OPTIONS = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };
const CONFIG = content(9, 1);
const LAYER = content(30, 2);
const IMAGE = imageOf(CONFIG, [LAYER]);

async function collectAll({ collect }: Pick<StoredRegistry, "collect">): Promise<void> {
  for (let step = await collect({}); step.next !== undefined;) step = await collect({ after: step.next });
}

/** Content that a collection finds: blobs that no manifest needs, or what a deleted manifest has left as well. */
const GIVEN: [string, (registry: Registry) => Promise<void>][] = [
  ["blobs without a manifest", async () => {}],
  ["a deleted manifest", async (registry) => {
    await pushManifest(registry, IMAGE, "latest");
    await registry.deleteManifest(REPOSITORY, digest(IMAGE));
  }],
];

for (const [title, given] of GIVEN) {
  for (const moment of ["before", "after"] as const) {
    Deno.test(`a push ${moment} any call of a collection of ${title} is whole or fails`, async () => {
      for (let at = 1, reached = true; reached; at++) {
        const stores = new TestStores();
        const process = stores.registry(OPTIONS);
        for (const blob of [CONFIG, LAYER]) await pushBlob(process.registry, blob);
        await given(process.registry);
        stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
        let isPushed = false;
        const { isReached, ...watched } = interruptedStores(stores, at, moment, async () => {
          isPushed = await pushManifest(process.registry, IMAGE, "latest").then(() => true, () => false);
        });
        await collectAll(stores.registry({ ...OPTIONS, ...watched }));
        reached = isReached();
        await assertConsistent(stores);
        if (!isPushed) continue;
        // What protects is there as well: a later collection takes nothing of it.
        for (let run = 0; run < 2; run++) {
          stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
          await collectAll(process);
        }
        assertEquals((await process.registry.getManifest(REPOSITORY, { tag: tag("latest") })).bytes, IMAGE);
        for (const blob of [CONFIG, LAYER]) {
          assertEquals(await readBlob(process.registry, digest(blob)), blob, `call ${at}`);
        }
      }
    });
  }
}

Deno.test("collect() brings back no link that was deleted while it looked whether the link is needed", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  const key = linkKey(digest(LAYER), REPOSITORY);
  const writes: unknown[] = [];
  const table = hooked(stores.table, async (method, args) => {
    const item = [args[0]].flat()[0] as NewItem;
    if (!method.startsWith("put") || item.pk !== key.pk || item.sk !== key.sk) return;
    writes.push(item.attributes["state"]);
    if (writes.length === 1) await pushManifest(registry, IMAGE, "latest");
    if (writes.length === 2) await registry.deleteBlob(REPOSITORY, digest(LAYER));
  });
  await collectAll(stores.registry({ ...OPTIONS, table }));
  assertEquals(writes, ["condemned", "live"]);
  assertEquals(await stores.table.get(key), undefined);
});

Deno.test("collect() proposes the content of an edge before it deletes the edge", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
  await pushManifest(registry, IMAGE);
  const manifest = (await stores.table.get(manifestKey(REPOSITORY, digest(IMAGE))))!;
  await stores.table.delete(manifest, { ifVersion: manifest.version });
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  const proposals = async () =>
    (await stores.items()).filter(({ pk, sk }) =>
      pk.startsWith(GARBAGE_PREFIX) && sk.endsWith(`#blob#${REPOSITORY}#${digest(LAYER)}`)
    ).length;
  const before = await proposals();
  const seen: number[] = [];
  const table = hooked(stores.table, async (method, [key]) => {
    if (method !== "delete" || !(key as Key).sk.startsWith(`edge#${digest(LAYER)}#`)) return;
    seen.push(await proposals() - before);
  });
  await collectAll(stores.registry({ ...OPTIONS, table }));
  assertEquals(seen, [1]);
});
