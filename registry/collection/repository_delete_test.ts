import { assert, assertEquals } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import type { Key } from "../../storage/mod.ts";
import { codeOf } from "../../tests/harness/images.ts";
import { assertConsistent } from "../../tests/harness/invariants.ts";
import { dyingStores, interruptedStores, type Moment } from "../../tests/harness/moments.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  INDEX,
  indexOf,
  OTHER,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { CLOCK_SKEW_MS } from "../../storage/ports.ts";
import { manifestKey } from "../items/mod.ts";
import type { Registry } from "../registry.ts";

const OPTIONS = { uploadExpiry: 60 * 60_000, grace: 60 * 60_000, deadline: 500 };
const CONFIG = content(9, 1);
const LAYER = content(30, 2);
const LOOSE = content(12, 3);
const IMAGE_BYTES = imageOf(CONFIG, [LAYER]);
const SUBJECT = { mediaType: IMAGE, digest: digest(IMAGE_BYTES), size: IMAGE_BYTES.length };
const LARGE = imageOf(CONFIG, [], { annotations: { filler: "x".repeat(300_000) }, subject: SUBJECT });
const INNER = indexOf([IMAGE_BYTES]);
const OUTER = indexOf([INNER, LARGE], INDEX);

/** After this long nothing of a process that died counts as under way. */
const LATER_MS = 2 * OPTIONS.deadline + CLOCK_SKEW_MS + 1;

function setUp() {
  const stores = new TestStores();
  return { stores, registry: stores.registry(OPTIONS).registry };
}

/** An index in an index, a large manifest with a subject, and a blob that nothing references. */
async function pushAll(registry: Registry): Promise<void> {
  for (const blob of [CONFIG, LAYER, LOOSE]) await pushBlob(registry, blob);
  await pushManifest(registry, IMAGE_BYTES, "image");
  await pushManifest(registry, LARGE);
  await pushManifest(registry, INNER);
  await pushManifest(registry, OUTER, "latest", "v1");
}

async function assertGone(registry: Registry): Promise<void> {
  for (const bytes of [CONFIG, LAYER, LOOSE]) {
    assertEquals(await codeOf(() => registry.statBlob(REPOSITORY, digest(bytes))), "BLOB_UNKNOWN");
    assertEquals(await codeOf(() => registry.getBlob(REPOSITORY, digest(bytes))), "BLOB_UNKNOWN");
  }
  for (const bytes of [IMAGE_BYTES, LARGE, INNER, OUTER]) {
    const reference = { digest: digest(bytes) };
    assertEquals(await codeOf(() => registry.getManifest(REPOSITORY, reference)), "MANIFEST_UNKNOWN");
  }
  assertEquals(await codeOf(() => registry.resolveTag(REPOSITORY, tag("v1"))), "MANIFEST_UNKNOWN");
  assertEquals(await codeOf(() => registry.listTags(REPOSITORY, {})), "NAME_UNKNOWN");
  const referrers = await registry.listReferrers(REPOSITORY, SUBJECT.digest, { artifactTypes: [] });
  assertEquals(referrers, { items: [] });
  assertEquals((await registry.listRepositories({}, UNRESTRICTED_CALLER)).items.includes(REPOSITORY), false);
}

/** As clients do that see 404 where they have deleted before they died. */
async function deleteUnlessUnknown(registry: Registry): Promise<void> {
  await registry.deleteRepository(REPOSITORY).catch((error) => {
    if (!(error instanceof RegistryError) || error.code !== "NAME_UNKNOWN") throw error;
  });
}

Deno.test("deleteRepository() takes all that the repository has, and nothing of another one", async () => {
  const { stores, registry } = setUp();
  await pushAll(registry);
  await pushBlob(registry, LAYER, OTHER);
  const keys = await stores.keys();
  const changes: string[] = [];
  const removal = await registry.deleteRepository(REPOSITORY, {
    changed: ({ action }) => changes.push(action),
  });
  assertEquals(removal, { tags: 3, manifests: 4, blobs: 3, kept: 0 });
  const count = (action: string) => changes.filter((change) => change === action).length;
  assertEquals([count("tag.delete"), count("manifest.delete")], [3, 4]);
  await assertGone(registry);
  assertEquals(await readBlob(registry, digest(LAYER), OTHER), LAYER);
  assertEquals(await stores.keys(), keys, "bytes are the collector's");
  assertEquals(await codeOf(() => registry.deleteRepository(REPOSITORY)), "NAME_UNKNOWN");
  await pushAll(registry);
  await assertConsistent(stores);
});

Deno.test("deleteRepository() takes a repository that has blobs alone", async () => {
  const { registry } = setUp();
  await pushBlob(registry, LOOSE);
  assertEquals(await registry.deleteRepository(REPOSITORY), { tags: 0, manifests: 0, blobs: 1, kept: 0 });
  await assertGone(registry);
});

Deno.test("deleteRepository() takes a repository that has nothing left but its name", async () => {
  const { registry } = setUp();
  await pushBlob(registry, CONFIG);
  await pushManifest(registry, imageOf(CONFIG, []), "latest");
  await registry.deleteManifest(REPOSITORY, digest(imageOf(CONFIG, [])));
  await registry.deleteBlob(REPOSITORY, digest(CONFIG));
  assertEquals((await registry.listRepositories({}, UNRESTRICTED_CALLER)).items, [REPOSITORY]);
  assertEquals(await registry.deleteRepository(REPOSITORY), { tags: 0, manifests: 0, blobs: 0, kept: 0 });
  await assertGone(registry);
  assertEquals(await codeOf(() => registry.deleteRepository(REPOSITORY)), "NAME_UNKNOWN");
});

Deno.test("deleteRepository() deletes items that point at missing manifests", async () => {
  const { stores, registry } = setUp();
  await pushAll(registry);
  const large = await stores.table.get(manifestKey(REPOSITORY, digest(LARGE)));
  await stores.table.delete(large!, { ifVersion: large!.version });
  const outer = await stores.table.get(manifestKey(REPOSITORY, digest(OUTER)));
  await stores.table.delete(outer!, { ifVersion: outer!.version });
  stores.now += LATER_MS;
  await registry.deleteRepository(REPOSITORY);
  await assertGone(registry);
  assertEquals((await stores.items()).filter(({ sk }) => /^(tag|referrer)#/.test(sk)), []);
});

Deno.test("deleteRepository() goes on through more than a batch of anything", async () => {
  const { registry } = setUp();
  await pushBlob(registry, CONFIG);
  const layers = Array.from({ length: 130 }, (_, i) => content(8, i + 10));
  for (const layer of layers) await pushBlob(registry, layer);
  await pushManifest(registry, imageOf(CONFIG, layers));
  for (let i = 0; i < 50; i++) {
    await pushManifest(
      registry,
      imageOf(CONFIG, [], { annotations: { i: `${i}` } }),
      `a${i}`,
      `b${i}`,
      `c${i}`,
    );
  }
  const expected = { tags: 150, manifests: 51, blobs: 131, kept: 0 };
  assertEquals(await registry.deleteRepository(REPOSITORY, { dryRun: true }), expected);
  assertEquals((await registry.listTags(REPOSITORY, {})).items.length, 150);
  assertEquals(await registry.deleteRepository(REPOSITORY), expected);
  await assertGone(registry);
});

Deno.test("deleteRepository() counts in a dry run and throws where there is nothing", async () => {
  const { registry } = setUp();
  assertEquals(await codeOf(() => registry.deleteRepository(REPOSITORY, { dryRun: true })), "NAME_UNKNOWN");
});

Deno.test("deleteRepository() finds the references of manifests although the index lags behind", async () => {
  const { stores, registry } = setUp();
  await pushAll(registry);
  const table = new Proxy(stores.table, {
    get(target, name) {
      if (name === "queryIndex") return () => Promise.resolve([]);
      return Reflect.get(target, name, target);
    },
  });
  const removal = await stores.registry({ ...OPTIONS, table }).registry.deleteRepository(REPOSITORY);
  assertEquals(removal, { tags: 3, manifests: 4, blobs: 2, kept: 0 });
});

Deno.test("deleteRepository() invalidates the cache of the process at once", async () => {
  const { stores } = setUp();
  const { registry: plain, epochs } = stores.registry(OPTIONS);
  const registry = cached(plain, epochs, { age: 60_000, now: () => stores.now });
  await pushAll(registry);
  const readAll = async () => {
    for (const bytes of [IMAGE_BYTES, OUTER]) {
      await registry.getManifest(REPOSITORY, { digest: digest(bytes) });
    }
    for (const bytes of [CONFIG, LAYER, LOOSE]) {
      await registry.statBlob(REPOSITORY, digest(bytes));
      await registry.getBlob(REPOSITORY, digest(bytes));
    }
  };
  await pushBlob(registry, LAYER, OTHER);
  await registry.statBlob(OTHER, digest(LAYER));
  await readAll();
  await registry.deleteRepository(REPOSITORY);
  await assertGone(registry);
  await registry.statBlob(OTHER, digest(LAYER));
});

Deno.test("deleteRepository() renews its deadline during a long deletion", async () => {
  const { stores, registry } = setUp();
  await pushAll(registry);
  const slow = stores.registry({
    ...OPTIONS,
    table: hooked(stores.table, (method) => {
      if (method === "delete") stores.now += OPTIONS.deadline / 8;
    }),
  }).registry;
  const began = stores.now;
  await slow.deleteRepository(REPOSITORY);
  assert(stores.now - began > OPTIONS.deadline);
  await assertGone(registry);
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`deleteRepository() that dies ${moment} any storage call leaves a whole repository, and is repeated`, async () => {
    for (let at = 1, dead = true; dead; at++) {
      const { stores, registry } = setUp();
      await pushAll(registry);
      const { isReached, ...mortal } = dyingStores(stores, at, moment);
      const dying = stores.registry({ ...OPTIONS, ...mortal });
      await dying.registry.deleteRepository(REPOSITORY).catch(() => {});
      dead = isReached();
      await assertConsistent(stores);
      stores.now += LATER_MS;
      await deleteUnlessUnknown(registry);
      await assertGone(registry);
    }
  });
}

/** Runs `meanwhile` in the middle of storage call `at` that `act` makes; answers whether it came so far. */
async function interleave(
  stores: TestStores,
  at: number,
  moment: Moment,
  act: (registry: Registry) => Promise<unknown>,
  meanwhile: () => Promise<unknown>,
): Promise<boolean> {
  const { isReached, ...interrupted } = interruptedStores(stores, at, moment, meanwhile);
  await act(stores.registry({ ...OPTIONS, ...interrupted }).registry);
  return isReached();
}

/** Result of the push of a manifest beside a delete of its repository. */
async function pushBeside(registry: Registry, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    await pushManifest(registry, bytes, "new");
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.code === "MANIFEST_BLOB_UNKNOWN") return false;
    throw error;
  }
}

async function assertPushed(registry: Registry, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("new") })).bytes, bytes);
  for (const blob of [CONFIG, LAYER]) assertEquals(await readBlob(registry, digest(blob)), blob);
  assertEquals((await registry.listRepositories({}, UNRESTRICTED_CALLER)).items, [REPOSITORY]);
}

// The manifest that is pushed is there already, or it is new and of blobs that are there.
for (const bytes of [IMAGE_BYTES, imageOf(CONFIG, [LAYER], { annotations: { new: "yes" } })]) {
  const what = bytes === IMAGE_BYTES ? "a manifest that it has" : "a new manifest";
  for (const moment of ["before", "after"] as const) {
    Deno.test(`a push of ${what} in the middle of deleteRepository(), ${moment} any call, is whole or fails`, async () => {
      for (let at = 1, reached = true; reached; at++) {
        const { stores, registry } = setUp();
        for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
        await pushManifest(registry, IMAGE_BYTES, "old");
        reached = await interleave(
          stores,
          at,
          moment,
          (deleter) => deleter.deleteRepository(REPOSITORY),
          () => pushBeside(registry, bytes),
        );
        await assertConsistent(stores);
        stores.now += LATER_MS;
        await deleteUnlessUnknown(registry);
        await assertGone(registry);
      }
    });

    Deno.test(`deleteRepository() in the middle of a push of ${what}, ${moment} any call, leaves all or nothing`, async () => {
      for (let at = 1, reached = true; reached; at++) {
        const { stores, registry } = setUp();
        for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
        await pushManifest(registry, IMAGE_BYTES, "old");
        reached = await interleave(
          stores,
          at,
          moment,
          (pusher) => pushBeside(pusher, bytes),
          () => registry.deleteRepository(REPOSITORY),
        );
        await assertConsistent(stores);
        // It may be gone although it was acknowledged, where that came last.
        const stays = await registry.resolveTag(REPOSITORY, tag("new")).then(() => true, () => false);
        if (stays) await assertPushed(registry, bytes);
        stores.now += LATER_MS;
        await deleteUnlessUnknown(registry);
        await assertGone(registry);
      }
    });
  }
}

Deno.test("deleteRepository() takes the children of an index that another request deletes first", async () => {
  const { stores, registry } = setUp();
  for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
  await pushManifest(registry, IMAGE_BYTES);
  await pushManifest(registry, INNER, "latest");
  const { sk: index } = manifestKey(REPOSITORY, digest(INNER));
  const deleter = stores.registry({
    ...OPTIONS,
    table: hooked(stores.table, async (method, [item]) => {
      if (method === "delete" && (item as Key).sk === index) {
        await registry.deleteManifest(REPOSITORY, digest(INNER)).catch(() => {});
      }
    }),
  }).registry;
  await deleter.deleteRepository(REPOSITORY);
  const reference = { digest: digest(IMAGE_BYTES) };
  assertEquals(await codeOf(() => registry.getManifest(REPOSITORY, reference)), "MANIFEST_UNKNOWN");
  assertEquals(await codeOf(() => registry.listTags(REPOSITORY, {})), "NAME_UNKNOWN");
});

Deno.test("deleteRepository() leaves the blobs of a push that it has made begin anew", async () => {
  const { stores, registry } = setUp();
  for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
  const [waits, pushed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  // It has taken the manifest and its edges, and is about to condemn the first link.
  const deleter = stores.registry({
    ...OPTIONS,
    table: hooked(stores.table, async (method, [item]) => {
      if (method !== "put" || !(item as Key).pk.startsWith("blob#")) return;
      waits.resolve();
      await pushed.promise;
    }),
  }).registry;
  let deletion: Promise<unknown> | undefined;
  const pusher = stores.registry({
    ...OPTIONS,
    table: hooked(stores.table, () => {}, async (method, [item]) => {
      if (method !== "put" || !(item as Key).sk.startsWith("manifest#") || deletion !== undefined) return;
      deletion = deleter.deleteRepository(REPOSITORY);
      await waits.promise;
    }),
  }).registry;
  assertEquals(await pushBeside(pusher, IMAGE_BYTES), true);
  pushed.resolve();
  await deletion;
  await assertPushed(registry, IMAGE_BYTES);
  await assertConsistent(stores);
});
