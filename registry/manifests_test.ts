import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../oci/errors.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  INDEX,
  indexOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
  utf8,
} from "../tests/harness/stores.ts";
import { blobKey, linkItem, linkKey, manifestKey } from "./items.ts";
import type { ManifestPush, Registry, TagCondition } from "./registry.ts";

const CONFIG = content(9, 1);
const LAYER = content(20, 2);

async function withBlobs() {
  const stores = new TestStores();
  const { registry, sweep } = stores.registry({ uploadExpiry: 1000, grace: 1000, deadline: 100 });
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  return { stores, registry, sweep };
}

/** A manifest whose annotations make it so large. */
function imageOfSize(size: number): Uint8Array<ArrayBuffer> {
  const bare = imageOf(CONFIG, [LAYER], { annotations: { filler: "" } });
  return imageOf(CONFIG, [LAYER], { annotations: { filler: "x".repeat(size - bare.length) } });
}

function put(registry: Registry, bytes: Uint8Array<ArrayBuffer>, options: Partial<ManifestPush> = {}) {
  const push = {
    bytes,
    contentType: IMAGE,
    reference: { digest: digest(bytes) },
    tags: [],
    condition: {},
    ...options,
  };
  return registry.putManifest(REPOSITORY, PRINCIPAL, push);
}

async function codeOf(attempt: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(attempt, RegistryError)).code;
}

for (const size of [500, 256 * 1024, 256 * 1024 + 1, 4 * 1024 * 1024]) {
  Deno.test(`putManifest() keeps exactly the ${size} bytes that were pushed, by tag and by digest`, async () => {
    const { registry } = await withBlobs();
    const bytes = imageOfSize(size);
    assertEquals(bytes.length, size);
    await pushManifest(registry, bytes, "latest");
    for (const reference of [{ tag: tag("latest") }, { digest: digest(bytes) }]) {
      const manifest = await registry.getManifest(REPOSITORY, reference);
      assertEquals(manifest, { digest: digest(bytes), mediaType: IMAGE, bytes });
    }
    assertEquals(await registry.resolveTag(REPOSITORY, tag("latest")), digest(bytes));
  });
}

Deno.test("putManifest() keeps a manifest under the algorithm that it was pushed by", async () => {
  const { registry } = await withBlobs();
  const bytes = imageOf(CONFIG, [LAYER]);
  const sha512 = digest(bytes, "sha512");
  await put(registry, bytes, { reference: { digest: sha512 }, tags: [tag("a"), tag("b"), tag("a")] });
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("b") })).digest, sha512);
  assertEquals((await registry.getManifest(REPOSITORY, { digest: sha512 })).bytes, bytes);
  assertEquals(
    await codeOf(() => registry.getManifest(REPOSITORY, { digest: digest(bytes) })),
    "MANIFEST_UNKNOWN",
  );
});

Deno.test("putManifest() rejects what is not what the digest says", async () => {
  const { stores, registry } = await withBlobs();
  const before = await stores.items();
  const wrong = { reference: { digest: digest(content(3)) }, tags: [tag("latest")] };
  assertEquals(await codeOf(() => put(registry, imageOf(CONFIG, [LAYER]), wrong)), "DIGEST_INVALID");
  assertEquals(await codeOf(() => put(registry, utf8("{}"), { tags: [tag("latest")] })), "MANIFEST_INVALID");
  assertEquals(await stores.items(), before);
});

Deno.test("putManifest() does not let a second push change the media type that others see", async () => {
  const { registry } = await withBlobs();
  const untyped = utf8(
    new TextDecoder().decode(imageOf(CONFIG, [LAYER])).replace(`"mediaType":"${IMAGE}",`, ""),
  );
  await put(registry, untyped);
  const docker = { contentType: "application/vnd.docker.distribution.manifest.v2+json" };
  assertEquals(await codeOf(() => put(registry, untyped, docker)), "MANIFEST_INVALID");
  assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(untyped) })).mediaType, IMAGE);
});

Deno.test("putManifest() shows nobody a manifest whose references are missing, and leaves one that was there", async () => {
  const { registry } = await withBlobs();
  const lacking = imageOf(CONFIG, [content(5, 9)]);
  const error = await assertRejects(() => pushManifest(registry, lacking, "latest"), RegistryError);
  assertEquals([error.code, error.status], ["MANIFEST_BLOB_UNKNOWN", 400]);
  assertEquals(error.detail, [{
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: digest(content(5, 9)),
    size: 5,
  }]);
  assertEquals(
    await codeOf(() => registry.getManifest(REPOSITORY, { digest: digest(lacking) })),
    "MANIFEST_UNKNOWN",
  );
  assertEquals(await codeOf(() => registry.listTags(REPOSITORY, {})), "NAME_UNKNOWN");
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "latest");
  await registry.deleteBlob(REPOSITORY, digest(LAYER));
  assertEquals(await codeOf(() => pushManifest(registry, image, "again")), "MANIFEST_BLOB_UNKNOWN");
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("latest") })).bytes, image);
});

Deno.test("putManifest() accepts missing references where sparse manifests are fine", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry({ references: "sparse" });
  const lacking = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, lacking, "latest");
  await pushManifest(registry, indexOf([lacking, content(3)]), "index");
  assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("index"), tag("latest")]);
});

Deno.test("putManifest() takes layers as the children of BuildKit's cache index", async () => {
  const { registry } = await withBlobs();
  await pushManifest(
    registry,
    indexOf([CONFIG, LAYER], "application/vnd.oci.image.layer.v1.tar+gzip"),
    "cache",
  );
  assertEquals(
    await codeOf(() => pushManifest(registry, indexOf([content(4)]), "none")),
    "MANIFEST_BLOB_UNKNOWN",
  );
});

Deno.test("putManifest() needs no foreign layers and no subject", async () => {
  const { registry } = await withBlobs();
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest: digest(content(6)),
    size: 6,
    urls: ["https://example.test/layer"],
  };
  const layers = JSON.parse(new TextDecoder().decode(imageOf(CONFIG, [LAYER]))).layers;
  const subject = { mediaType: IMAGE, digest: digest(content(7)), size: 7 };
  const bytes = imageOf(CONFIG, [], { layers: [...layers, foreign], subject });
  const receipt = await put(registry, bytes);
  assertEquals(receipt, { digest: digest(bytes), tags: [], subject: subject.digest });
});

Deno.test("putManifest() revives what it references and a collector has condemned", async () => {
  const { stores, registry } = await withBlobs();
  const blob = digest(LAYER);
  const link = await stores.table.get(linkKey(blob, REPOSITORY));
  const condemned = { ...linkItem(blob, REPOSITORY, 0), attributes: { state: "condemned", touchedAt: 0 } };
  const linkVersion = await stores.table.put(condemned, { ifVersion: link!.version });
  const item = await stores.table.get(blobKey(blob));
  const attributes = { ...item!.attributes, state: "condemned" };
  const blobVersion = await stores.table.put({ ...blobKey(blob), attributes }, { ifVersion: item!.version });
  await pushManifest(registry, imageOf(CONFIG, [LAYER]), "latest");
  assertEquals(await stores.table.delete(linkKey(blob, REPOSITORY), { ifVersion: linkVersion! }), false);
  assertEquals(await stores.table.delete(blobKey(blob), { ifVersion: blobVersion! }), false);
  assertEquals((await stores.table.get(blobKey(blob)))?.attributes.state, "live");
});

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

Deno.test("deleteTag() keeps the manifest", async () => {
  const { registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "a");
  await registry.deleteTag(REPOSITORY, tag("a"));
  assertEquals(await codeOf(() => registry.resolveTag(REPOSITORY, tag("a"))), "MANIFEST_UNKNOWN");
  assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(image) })).bytes, image);
  assertEquals(await registry.listTags(REPOSITORY, {}), { items: [] });
});

Deno.test("a tag that is put while its manifest is deleted points at what is there", async () => {
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
      // The tag is put; step 7 has not yet looked.
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
  assertEquals(await registry.listTags(REPOSITORY, {}), { items: [] });
  assertEquals(await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] }), {
    items: [],
  });
});

Deno.test("a push that runs again after a delete leaves a tag that somebody else has moved since", async () => {
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

Deno.test("putManifest() looks again after it has revived something", async () => {
  const { stores } = await withBlobs();
  const key = linkKey(digest(LAYER), REPOSITORY);
  const condemned = {
    ...linkItem(digest(LAYER), REPOSITORY, 0),
    attributes: { state: "condemned", touchedAt: 0 },
  };
  await stores.table.put(condemned, { ifVersion: (await stores.table.get(key))!.version });
  const pusher = stores.registry({
    table: hooked(stores.table, () => {}, async (method, [item]) => {
      const { pk, sk } = item as { pk: string; sk: string };
      if (method !== "put" || pk !== key.pk || sk !== key.sk) return;
      const blob = await stores.table.get(blobKey(digest(LAYER)));
      const attributes = { ...blob!.attributes, state: "deleting" };
      await stores.table.put({ ...blobKey(digest(LAYER)), attributes }, { ifVersion: blob!.version });
    }),
  }).registry;
  const push = () => pushManifest(pusher, imageOf(CONFIG, [LAYER]), "latest");
  assertEquals(await codeOf(push), "MANIFEST_BLOB_UNKNOWN");
});

Deno.test("putManifest() moves a tag only where its condition holds, and writes nothing else where it does not", async () => {
  const { stores, registry } = await withBlobs();
  const [first, second] = [imageOf(CONFIG, [LAYER]), imageOf(CONFIG, [])];
  const move = (bytes: Uint8Array<ArrayBuffer>, condition: TagCondition) =>
    put(registry, bytes, { reference: { tag: tag("latest") }, condition });
  const refused = async (bytes: Uint8Array<ArrayBuffer>, condition: TagCondition) => {
    const before = await stores.items();
    const error = await assertRejects(() => move(bytes, condition), RegistryError);
    assertEquals([error.code, error.status], ["DENIED", 412]);
    assertEquals(await stores.items(), before);
  };
  await refused(first, { ifMatch: "*" });
  await refused(first, { ifMatch: [digest(first)] });
  await move(first, { ifNoneMatch: "*" });
  await refused(second, { ifNoneMatch: "*" });
  await refused(second, { ifMatch: [digest(second)] });
  await refused(second, { ifNoneMatch: [digest(first)] });
  await move(second, { ifMatch: [digest(first), digest(CONFIG)] });
  await move(first, { ifNoneMatch: [digest(first)] });
  await move(second, { ifMatch: "*" });
  const moves = await registry.getTagHistory(REPOSITORY, tag("latest"));
  const expected = [second, first, second, first].map((bytes) => digest(bytes));
  assertEquals(moves.map((move) => move.digest), expected);
});

Deno.test("putManifest() by eight writers with If-Match makes a history without a fork", async () => {
  const { registry } = await withBlobs();
  const images = Array.from(
    { length: 8 },
    (_, i) => imageOf(CONFIG, [LAYER], { annotations: { i: `${i}` } }),
  );
  await pushManifest(registry, images[0]!, "latest");
  const moved: string[] = [digest(images[0]!)];
  await Promise.all(images.map(async (bytes) => {
    for (let tries = 0; tries < 3; tries++) {
      const current = await registry.resolveTag(REPOSITORY, tag("latest"));
      const reference = { tag: tag("latest") };
      const push = put(registry, bytes, { reference, condition: { ifMatch: [current] } });
      const done = await push.then(() => true, () => false);
      if (done && current !== digest(bytes)) moved.push(`${current} ${digest(bytes)}`);
    }
  }));
  const history = (await registry.getTagHistory(REPOSITORY, tag("latest"))).map((move) => move.digest)
    .reverse();
  const expected = history.map((to, i) => i === 0 ? to : `${history[i - 1]} ${to}`);
  assertEquals(new Set(moved), new Set(expected));
  assertEquals(moved.length, expected.length);
});

Deno.test("getTagHistory() keeps the last 32 moves, newest first, and no repetition of the last", async () => {
  const { stores, registry } = await withBlobs();
  const images = Array.from({ length: 40 }, (_, i) => imageOf(CONFIG, [], { annotations: { i: `${i}` } }));
  for (const image of images) {
    stores.now += 10;
    await pushManifest(registry, image, "latest");
    await pushManifest(registry, image, "latest");
  }
  const moves = await registry.getTagHistory(REPOSITORY, tag("latest"));
  assertEquals(moves.map((move) => move.digest), images.slice(8).reverse().map((bytes) => digest(bytes)));
  assertEquals(moves[0], { digest: digest(images[39]!), mediaType: IMAGE, at: stores.now, by: PRINCIPAL });
});

Deno.test("listTags() and listRepositories() page in the order of bytes from names that need not exist", async () => {
  const { registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  const names = ["b", "a", "B", "_", "a.1", "a-1", "10", "9"];
  await pushManifest(registry, image, ...names);
  const sorted = [...names].sort();
  assertEquals(await registry.listTags(REPOSITORY, {}), { items: sorted.map(tag) });
  assertEquals(await registry.listTags(REPOSITORY, { limit: 0 }), { items: [] });
  assertEquals(await registry.listTags(REPOSITORY, { limit: 8 }), { items: sorted.map(tag) });
  assertEquals(await registry.listTags(REPOSITORY, { limit: 3 }), {
    items: sorted.slice(0, 3).map(tag),
    next: sorted[2]!,
  });
  assertEquals(await registry.listTags(REPOSITORY, { limit: 2, after: "Z" }), {
    items: [tag("_"), tag("a")],
    next: "a",
  });
  assertEquals(await registry.listTags(REPOSITORY, { after: "zzz" }), { items: [] });
  assertEquals(await registry.listRepositories({}), { items: [REPOSITORY] });
  assertEquals(await registry.listRepositories({ after: REPOSITORY }), { items: [] });
});

Deno.test("listReferrers() filters by any of several artifact types and pages by bytes", async () => {
  const { registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  const subject = { mediaType: IMAGE, digest: digest(image), size: image.length };
  const referrers = Array.from({ length: 6 }, (_, i) =>
    imageOf(CONFIG, [], {
      artifactType: `application/x-${i % 3}`,
      annotations: { filler: "x".repeat(i % 2 === 0 ? 900_000 : 100) },
      subject,
    }));
  for (const referrer of referrers) await pushManifest(registry, referrer);
  const all = referrers.map((bytes) => digest(bytes) as string).sort();
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const request = { artifactTypes: [], ...(after === undefined ? {} : { after }) };
    const page = await registry.listReferrers(REPOSITORY, subject.digest, request);
    pages.push(page.items.map((item) => item.digest));
    after = page.next;
  } while (after !== undefined);
  assertEquals(pages.flat(), all);
  const some = { artifactTypes: ["application/x-1", "application/x-2"] };
  const page = await registry.listReferrers(REPOSITORY, subject.digest, some);
  assertEquals(page.items.map((item) => item.artifactType).sort(), [
    "application/x-1",
    "application/x-1",
    "application/x-2",
    "application/x-2",
  ]);
  const large = page.items.find((item) => item.digest === digest(referrers[4]!));
  assertEquals(large?.annotations?.filler?.length, 900_000);
  assertEquals(await registry.listReferrers(REPOSITORY, digest(content(1)), { artifactTypes: [] }), {
    items: [],
  });
});

Deno.test("listReferrers() cuts its pages below what clients read", async () => {
  const { registry } = await withBlobs();
  const subject = { mediaType: INDEX, digest: "blake3:" + "0".repeat(64), size: 3 };
  for (let i = 0; i < 5; i++) {
    await pushManifest(
      registry,
      imageOf(CONFIG, [], { annotations: { [i]: "x".repeat(1_000_000) }, subject }),
    );
  }
  const first = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
  assertEquals(first.items.length, 3);
  const rest = await registry.listReferrers(REPOSITORY, subject.digest, {
    artifactTypes: [],
    after: first.next!,
  });
  assertEquals([rest.items.length, rest.next], [2, undefined]);
});
