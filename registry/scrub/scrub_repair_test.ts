/** Repairs and pushes in the middle of each other, and repairs that die. */
import { assertEquals } from "@std/assert";
import { assertConsistent } from "../../tests/harness/invariants.ts";
import { dyingStores, interruptedStores } from "../../tests/harness/moments.ts";
import {
  content,
  digest,
  IMAGE,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  type TestStores,
} from "../../tests/harness/stores.ts";
import { edgeKey, linkKey, tagKey } from "../items/mod.ts";
import type { FindingKind, Registry } from "../mod.ts";
import {
  CONFIG,
  damage,
  flip,
  IMAGE_BYTES,
  LAYER,
  OPTIONS,
  plantOrphan,
  setUp,
} from "../../tests/harness/damage.ts";

/** Everything that can be damaged is, but for what others of the test need. */
async function damageAll(stores: TestStores): Promise<void> {
  await damage(stores, LAYER, flip);
  await stores.table.putMany([
    {
      ...tagKey(REPOSITORY, tag("lost")),
      attributes: { digest: digest(LAYER), mediaType: IMAGE, size: 3, moves: [] },
    },
    { ...edgeKey(REPOSITORY, digest(LAYER), digest(content(5))), attributes: { at: 5 } },
    { ...linkKey(digest(content(5)), REPOSITORY), attributes: { state: "live", touchedAt: 5 } },
  ]);
  await plantOrphan(stores, CONFIG);
}

/** Pushes everything, again if a mark came while the content of a blob arrived that was there. */
async function pushAll(registry: Registry): Promise<void> {
  await pushOnce(registry).catch(() => pushOnce(registry));
}

async function pushOnce(registry: Registry): Promise<void> {
  for (const blob of [CONFIG, LAYER, content(5)]) await pushBlob(registry, blob);
  await pushManifest(registry, IMAGE_BYTES, "latest", "lost", "new");
}

async function assertPushed(registry: Registry): Promise<void> {
  for (const blob of [CONFIG, content(5)]) assertEquals(await readBlob(registry, digest(blob)), blob);
  for (const name of ["latest", "lost", "new"]) {
    assertEquals((await registry.getManifest(REPOSITORY, { tag: tag(name) })).bytes, IMAGE_BYTES);
  }
}

for (const moment of ["before", "after"] as const) {
  Deno.test(`a push in the middle of a repair, ${moment} any call, loses nothing`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, registry } = await setUp();
      await damageAll(stores);
      const { isReached, ...interrupted } = interruptedStores(stores, at, moment, () => pushAll(registry));
      await stores.registry({ ...OPTIONS, ...interrupted }).scrub({ repair: true });
      reached = isReached();
      if (!reached) break;
      await assertPushed(registry);
      // A push that came before the mark has dropped its own copy for the damaged one; the next one brings it back.
      await pushBlob(registry, LAYER);
      assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
      await assertConsistent(stores);
    }
  });

  Deno.test(`a repair in the middle of a push, ${moment} any call, loses nothing`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, registry } = await setUp();
      await damageAll(stores);
      const repair = () => stores.registry(OPTIONS).scrub({ repair: true });
      const { isReached, ...interrupted } = interruptedStores(stores, at, moment, repair);
      // Where the mark comes after the push of the layer, the push of the manifest asks for the layer again.
      await pushAll(stores.registry({ ...OPTIONS, ...interrupted }).registry);
      reached = isReached();
      await assertPushed(registry);
      await repair();
      await assertPushed(registry);
      await pushBlob(registry, LAYER);
      await assertConsistent(stores);
    }
  });

  Deno.test(`a repair that dies ${moment} any call is finished by the next one, and has lost nothing`, async () => {
    for (let at = 1, dead = true; dead; at++) {
      const { stores, registry } = await setUp();
      await damageAll(stores);
      const { isReached, ...mortal } = dyingStores(stores, at, moment);
      await stores.registry({ ...OPTIONS, ...mortal }).scrub({ repair: true }).catch(() => {});
      dead = isReached();
      const kinds: FindingKind[] = [];
      await stores.registry(OPTIONS).scrub({ repair: true });
      await stores.registry(OPTIONS).scrub({ found: ({ kind }) => kinds.push(kind) });
      assertEquals(kinds, ["corrupt-object"]);
      assertEquals(await readBlob(registry, digest(CONFIG)), CONFIG);
      await pushAll(registry);
      await assertPushed(registry);
      await assertConsistent(stores);
    }
  });
}
