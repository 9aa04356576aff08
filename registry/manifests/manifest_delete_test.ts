import { assertEquals } from "@std/assert";
import { codeOf, CONFIG, imageOfSize, LAYER, withBlobs } from "../../tests/harness/images.ts";
import { laggingTable } from "../../tests/harness/lagging.ts";
import { interruptedStores } from "../../tests/harness/moments.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { manifestKey } from "../items/mod.ts";

Deno.test("deleteManifest() takes every tag and the place among the referrers with it", async () => {
  const { registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  const other = imageOf(CONFIG, []);
  await pushManifest(registry, image, "a", "b");
  await pushManifest(registry, other, "b", "c");
  const signature = imageOf(CONFIG, [], {
    subject: { mediaType: IMAGE, digest: digest(image), size: image.length },
  });
  await pushManifest(registry, signature, "signature");
  await registry.deleteManifest(REPOSITORY, digest(signature));
  assertEquals(await registry.listReferrers(REPOSITORY, digest(image), { artifactTypes: [] }), { items: [] });
  await registry.deleteManifest(REPOSITORY, digest(image));
  assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("b"), tag("c")]);
  for (
    const attempt of [
      () => registry.getManifest(REPOSITORY, { tag: tag("a") }),
      () => registry.getManifest(REPOSITORY, { digest: digest(image) }),
      () => registry.deleteManifest(REPOSITORY, digest(image)),
      () => registry.deleteTag(REPOSITORY, tag("a")),
    ]
  ) assertEquals(await codeOf(attempt), "MANIFEST_UNKNOWN");
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("b") })).bytes, other);
});

Deno.test("deleteManifest() deletes a new manifest although reads of the table lag", async () => {
  const { stores, registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  const before = await stores.items();
  await pushManifest(registry, image, "a");
  const late = stores.registry({ table: laggingTable(stores.table, before) }).registry;
  await late.deleteManifest(REPOSITORY, digest(image));
  assertEquals((await registry.listTags(REPOSITORY, {})).items, []);
});

Deno.test("deleteManifest() takes more tags than one query answers", async () => {
  const { stores, registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, ...Array.from({ length: 250 }, (_, i) => `t${i}`));
  let queries = 0;
  const table = hooked(stores.table, (method) => {
    if (method === "query" && ++queries > 100) throw new Error("It asks for the same tags again and again");
  });
  await stores.registry({ table }).registry.deleteManifest(REPOSITORY, digest(image));
  assertEquals((await registry.listTags(REPOSITORY, {})).items, []);
});

Deno.test("deleteManifest() leaves a large manifest's object to the sweep, unless it is pushed again", async () => {
  const { stores, registry, sweep } = await withBlobs();
  const blobs = await stores.keys();
  const large = imageOfSize(300_000);
  await pushManifest(registry, large, "latest");
  await registry.deleteManifest(REPOSITORY, digest(large));
  await pushManifest(registry, large, "latest");
  stores.now += 1001;
  await sweep();
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("latest") })).bytes, large);
  assertEquals((await stores.keys()).length, blobs.length + 1);
  await registry.deleteManifest(REPOSITORY, digest(large));
  stores.now += 1001;
  await sweep();
  assertEquals(await stores.keys(), blobs);
});

Deno.test("a tag that is put while its manifest is deleted points at an existing manifest", async () => {
  for (const point of ["getMany", "putMany", "put"]) {
    for (let nth = 1; nth <= 4; nth++) {
      const { stores, registry } = await withBlobs();
      const image = imageOf(CONFIG, [LAYER]);
      await pushManifest(registry, image, "old");
      let calls = 0;
      const pusher = stores.registry({
        table: hooked(stores.table, async (method) => {
          if (method !== point || ++calls !== nth) return;
          await registry.deleteManifest(REPOSITORY, digest(image));
        }),
      }).registry;
      await pushManifest(pusher, image, "new");
      assertEquals(
        (await registry.getManifest(REPOSITORY, { tag: tag("new") })).bytes,
        image,
        `${point} ${nth}`,
      );
    }
  }
});

Deno.test("a tag that is put between the looks of a delete goes with the manifest", async () => {
  const { stores, registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "old");
  let reached = false;
  const pusher = stores.registry({
    table: hooked(stores.table, () => {}, async (method, [key]) => {
      // The tag is put. The delete takes so long that step 7 looks for it.
      const { sk } = key as { sk: string };
      if (method !== "put" || sk !== "tag#new" || reached) return;
      reached = true;
      await registry.deleteManifest(REPOSITORY, digest(image));
      assertEquals(await codeOf(() => registry.resolveTag(REPOSITORY, tag("new"))), "MANIFEST_UNKNOWN");
    }),
  }).registry;
  await pushManifest(pusher, image, "new");
  assertEquals(reached, true);
  assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("new")]);
  assertEquals((await stores.table.get(manifestKey(REPOSITORY, digest(image)))) !== undefined, true);
});

Deno.test("deleteManifest() takes the tag of a push that needs no look for it", async () => {
  const { stores, registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "old");
  const [isPut, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const pusher = stores.registry({
    table: hooked(stores.table, async (method, [key]) => {
      if (method !== "put" || (key as { sk: string }).sk !== "tag#new") return;
      isPut.resolve();
      await mayGoOn.promise;
    }),
  }).registry;
  const pushed = pushManifest(pusher, image, "new");
  await isPut.promise;
  const waits: number[] = [];
  const deleter = stores.registry({
    sleep: async (milliseconds) => {
      waits.push(milliseconds);
      mayGoOn.resolve();
      await pushed;
    },
  }).registry;
  await deleter.deleteManifest(REPOSITORY, digest(image));
  assertEquals(waits, [400]);
  assertEquals((await registry.listTags(REPOSITORY, {})).items, []);
});

Deno.test("deleteManifest() waits for no push of a manifest that was pushed long ago", async () => {
  const { stores, registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "old");
  stores.now += 30 * 60_000;
  const { registry: deleter } = stores.registry({ sleep: () => Promise.reject(new Error("It waits")) });
  await deleter.deleteManifest(REPOSITORY, digest(image));
});

Deno.test("a tag that is put between a delete's look for tags and its delete goes with the manifest", async () => {
  const { stores, registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "old");
  const arrived = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  const pusher = stores.registry({
    table: hooked(stores.table, async (method, [item]) => {
      if (method !== "put" || (item as { sk: string }).sk !== "tag#new") return;
      arrived.resolve();
      await looked.promise;
    }),
  }).registry;
  const pushed = pushManifest(pusher, image, "new");
  await arrived.promise;
  const deleter = stores.registry({
    table: hooked(stores.table, async (method, [key]) => {
      if (method !== "delete" || !(key as { sk: string }).sk.startsWith("manifest#")) return;
      looked.resolve();
      await pushed;
    }),
  }).registry;
  await deleter.deleteManifest(REPOSITORY, digest(image));
  await pushed;
  assertEquals((await registry.listTags(REPOSITORY, {})).items, []);
});

Deno.test("deleteManifest() leaves the tags and the referrer of a push that came behind it", async () => {
  const { stores, registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  const subject = { mediaType: IMAGE, digest: digest(image), size: image.length };
  const signature = imageOf(CONFIG, [], { subject });
  await pushManifest(registry, signature, "old");
  const deleter = stores.registry({
    table: hooked(stores.table, () => {}, async (method, [key]) => {
      if (method !== "delete" || !(key as { sk: string }).sk.startsWith("manifest#")) return;
      await pushManifest(registry, signature, "old", "new");
    }),
  }).registry;
  await deleter.deleteManifest(REPOSITORY, digest(signature));
  assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("new"), tag("old")]);
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("old") })).bytes, signature);
  const referrers = await registry.listReferrers(REPOSITORY, digest(image), { artifactTypes: [] });
  assertEquals(referrers.items.length, 1);
});

Deno.test("a push that a delete of its manifest and its layer makes fail leaves nothing that points nowhere", async () => {
  const { stores, registry } = await withBlobs();
  const subject = { mediaType: IMAGE, digest: digest(content(3)), size: 3 };
  const image = imageOf(CONFIG, [LAYER], { subject });
  let reached = false;
  const { collectCandidates } = stores.registry();
  const pusher = stores.registry({
    table: hooked(stores.table, async (method, [key]) => {
      if (method !== "put" || (key as { sk: string }).sk !== "tag#new" || reached) return;
      reached = true;
      await registry.deleteManifest(REPOSITORY, digest(image));
      await registry.deleteBlob(REPOSITORY, digest(LAYER));
    }),
  }).registry;
  assertEquals(await codeOf(() => pushManifest(pusher, image, "new")), "MANIFEST_BLOB_UNKNOWN");
  assertEquals(reached, true);
  assertEquals((await registry.listTags(REPOSITORY, {})).items, []);
  assertEquals(await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] }), {
    items: [],
  });
  // The repository goes with the candidates of the push and of the deletes.
  for (let time = 0; time < 2; time++) {
    stores.now += 2 * 24 * 60 * 60_000;
    await collectCandidates();
  }
  assertEquals(await codeOf(() => registry.listTags(REPOSITORY, {})), "NAME_UNKNOWN");
});

Deno.test("a push that runs again after a delete leaves a tag that another client has moved since", async () => {
  const { stores, registry } = await withBlobs();
  const [image, other] = [imageOf(CONFIG, [LAYER]), imageOf(CONFIG, [])];
  let reached = false;
  const pusher = stores.registry({
    table: hooked(stores.table, () => {}, async (method, [key]) => {
      if (method !== "put" || (key as { sk: string }).sk !== "tag#new" || reached) return;
      reached = true;
      await registry.deleteManifest(REPOSITORY, digest(image));
      await pushManifest(registry, other, "new");
    }),
  }).registry;
  await pushManifest(pusher, image, "new");
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("new") })).bytes, other);
  assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(image) })).bytes, image);
});

Deno.test("deleteManifest() deletes a manifest whose object can't be read", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, content(9, 1));
  const large = imageOf(content(9, 1), [], { annotations: { filler: "x".repeat(300_000) } });
  await pushManifest(registry, large, "a");
  const objects = hooked(stores.objects, (method) => {
    if (method === "get") throw new Error("The disk can't be read");
  });
  await stores.registry({ objects }).registry.deleteManifest(REPOSITORY, digest(large));
  const attempt = () => registry.getManifest(REPOSITORY, { digest: digest(large) });
  assertEquals(await codeOf(attempt), "MANIFEST_UNKNOWN");
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`deleteManifest() leaves all or nothing of a push that comes ${moment} any of its calls`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, registry } = await withBlobs();
      const subject = { mediaType: IMAGE, digest: digest(content(5)), size: 5 };
      const image = imageOf(CONFIG, [LAYER], { subject });
      await pushManifest(registry, image, "a");
      const push = () => pushManifest(registry, image, "a", "b");
      const { isReached, ...watched } = interruptedStores(stores, at, moment, push);
      await stores.registry(watched).registry.deleteManifest(REPOSITORY, digest(image));
      reached = isReached();
      const reference = { digest: digest(image) };
      const isThere = await registry.getManifest(REPOSITORY, reference).then(() => true, () => false);
      const tags = await registry.listTags(REPOSITORY, {});
      assertEquals(tags.items, isThere ? [tag("a"), tag("b")] : [], `call ${at}`);
      const referrers = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
      assertEquals(referrers.items.length, isThere ? 1 : 0, `call ${at}`);
    }
  });
  Deno.test(`deleteManifest() leaves a tag that moves to another manifest ${moment} any of its calls`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, registry } = await withBlobs();
      const [image, other] = [imageOf(CONFIG, [LAYER]), imageOf(CONFIG, [])];
      await pushManifest(registry, image, "a");
      const move = () => pushManifest(registry, other, "a");
      const { isReached, ...watched } = interruptedStores(stores, at, moment, move);
      await stores.registry(watched).registry.deleteManifest(REPOSITORY, digest(image));
      reached = isReached();
      const expected = reached ? [tag("a")] : [];
      assertEquals((await registry.listTags(REPOSITORY, {})).items, expected, `call ${at}`);
      if (reached) assertEquals(await registry.resolveTag(REPOSITORY, tag("a")), digest(other));
    }
  });

  Deno.test(`deleteManifest() leaves a tag that may not be deleted and is put ${moment} any of its calls`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, registry } = await withBlobs();
      const image = imageOf(CONFIG, [LAYER]);
      await pushManifest(registry, image);
      const pusher = stores.registry({ keepTags: true }).registry;
      const { isReached, ...watched } = interruptedStores(
        stores,
        at,
        moment,
        () => pushManifest(pusher, image, "a"),
      );
      const deleter = stores.registry({ ...watched, keepTags: true }).registry;
      const isDeleted = await deleter.deleteManifest(REPOSITORY, digest(image)).then(() => true, () => false);
      reached = isReached();
      const isTagged = await registry.getManifest(REPOSITORY, { tag: tag("a") }).then(
        () => true,
        () => false,
      );
      assertEquals(isTagged, reached, `call ${at}`);
      if (!reached) assertEquals(isDeleted, true);
    }
  });
}
