/** Damage to the bytes of blobs and manifests. */
import { assertEquals, assertMatch } from "@std/assert";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import type { Item, ObjectStore } from "../../storage/mod.ts";
import { codeOf } from "../../tests/harness/images.ts";
import {
  change,
  CONFIG,
  cut,
  damage,
  flip,
  IMAGE_BYTES,
  itemOf,
  LARGE,
  LAYER,
  objectOf,
  OPTIONS,
  scrubbed,
  setUp,
} from "../../tests/harness/damage.ts";
import { assertConsistent } from "../../tests/harness/invariants.ts";
import {
  digest,
  hooked,
  OTHER,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  type TestStores,
} from "../../tests/harness/stores.ts";
import { blobKey, type ManifestAttributes, manifestKey, stored } from "../items/mod.ts";
import type { FindingKind } from "../mod.ts";

Deno.test("scrub() finds a flipped byte, a truncated and a missing object, and marks their blobs as damaged", async () => {
  const damages: [FindingKind, (stores: TestStores) => Promise<void>][] = [
    ["corrupt-object", (stores) => damage(stores, LAYER, flip)],
    ["truncated-object", (stores) => damage(stores, LAYER, cut)],
    ["truncated-object", (stores) => damage(stores, LAYER, (bytes) => new Uint8Array([...bytes, 1]))],
    ["missing-object", async (stores) => await stores.objects.delete([await objectOf(stores, LAYER)])],
  ];
  for (const [kind, plant] of damages) {
    const { stores, registry } = await setUp();
    await plant(stores);
    const object = await objectOf(stores, LAYER);
    const before = await stores.keys();
    const { findings } = await scrubbed(stores);
    assertEquals(findings.map(({ note: _, ...finding }) => finding), [{ kind, name: digest(LAYER), object }]);
    await registry.statBlob(REPOSITORY, digest(LAYER));

    const [repaired] = (await scrubbed(stores, { repair: true })).findings;
    assertEquals(repaired?.repaired, "Marked as damaged: it can be pushed again");
    assertEquals(await stores.keys(), before, "its bytes stay");
    for (
      const attempt of [
        () => registry.statBlob(REPOSITORY, digest(LAYER)),
        () => registry.getBlob(REPOSITORY, digest(LAYER)),
      ]
    ) assertEquals(await codeOf(attempt), "BLOB_UNKNOWN");
    assertEquals(await registry.mountBlob(OTHER, UNRESTRICTED_CALLER, digest(LAYER), REPOSITORY), undefined);
    assertEquals(await codeOf(() => pushManifest(registry, IMAGE_BYTES, "v2")), "MANIFEST_BLOB_UNKNOWN");
    assertEquals(await readBlob(registry, digest(CONFIG)), CONFIG);

    const again = (await scrubbed(stores, { repair: true })).findings;
    assertEquals(
      again.map(({ kind, repaired }) => ({ kind, repaired })),
      [{ kind, repaired: undefined }] as never,
    );
    assertMatch(again[0]!.note, /marked as damaged/);

    await pushBlob(registry, LAYER);
    assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
    await pushManifest(registry, IMAGE_BYTES, "v2");
    await assertConsistent(stores);
    assertEquals(
      before.includes(object),
      (await stores.keys()).includes(object),
      "nobody deletes what is left",
    );
  }
});

Deno.test("scrub() takes a mistaken mark away", async () => {
  const { stores, registry } = await setUp();
  await change(stores, blobKey(digest(LAYER)), { state: "damaged" });
  assertEquals((await scrubbed(stores)).kinds, ["mistaken-mark"]);
  const { findings } = await scrubbed(stores, { repair: true });
  assertEquals(findings.map(({ repaired }) => repaired), ["Removed the mark"]);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
  assertEquals((await scrubbed(stores)).findings, []);
});

Deno.test("scrub() reports an object that the store fails to read, and leaves it as it is", async () => {
  const { stores, registry } = await setUp();
  const bad = await objectOf(stores, LAYER);
  const get: ObjectStore["get"] = async (key) => {
    const found = await stores.objects.get(key);
    if (key !== bad) return found;
    const body = new ReadableStream({ start: (controller) => controller.error(new Error("bad sector")) });
    return { size: found!.size, body };
  };
  const objects = new Proxy(hooked(stores.objects, () => {}), {
    get: (target, name) => name === "get" ? get : Reflect.get(target, name),
  });
  const { findings } = await scrubbed(stores, { repair: true }, stores.registry({ ...OPTIONS, objects }));
  assertEquals(findings.map(({ kind, name, repaired }) => ({ kind, name, repaired })), [
    { kind: "unreadable-object", name: digest(LAYER), repaired: undefined },
  ] as never);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
});

Deno.test("scrub() reports an object as missing that is deleted while it is read", async () => {
  const { stores } = await setUp();
  const bad = await objectOf(stores, LAYER);
  const get: ObjectStore["get"] = async (key) => {
    const found = await stores.objects.get(key);
    if (key !== bad || found === undefined) return found;
    await stores.objects.delete([bad]);
    const body = new ReadableStream({ start: (controller) => controller.error(new Error("cut off")) });
    return { size: found.size, body };
  };
  const objects = new Proxy(hooked(stores.objects, () => {}), {
    get: (target, name) => name === "get" ? get : Reflect.get(target, name),
  });
  const { kinds } = await scrubbed(stores, {}, stores.registry({ ...OPTIONS, objects }));
  assertEquals(kinds, ["missing-object"]);
});

Deno.test("scrub() finds damage in a large manifest's object", async () => {
  for (const by of [flip, cut]) {
    const { stores } = await setUp();
    const item = stored<ManifestAttributes>(await itemOf(stores, manifestKey(REPOSITORY, digest(LARGE))))!;
    const object = item.attributes.object!;
    await stores.objects.put(object, new Uint8Array(by(LARGE)));
    const { findings } = await scrubbed(stores, { repair: true });
    assertEquals(findings.map(({ note: _, ...finding }) => finding), [{
      kind: by === flip ? "corrupt-object" : "truncated-object",
      repository: REPOSITORY,
      name: digest(LARGE),
      object,
    }]);
  }
});

Deno.test("scrub() finds a manifest with wrong bytes, size or media type", async () => {
  const key = manifestKey(REPOSITORY, digest(IMAGE_BYTES));
  const plants: ((item: Item) => Partial<Item>)[] = [
    ({ bytes }) => ({ bytes: new Uint8Array(flip(bytes!)) }),
    ({ attributes }) => ({ attributes: { ...attributes, size: 7 } }),
    ({ attributes }) => ({ attributes: { ...attributes, mediaType: "text/plain" } }),
  ];
  for (const plant of plants) {
    const { stores } = await setUp();
    const item = await itemOf(stores, key);
    await stores.table.putMany([{ ...item, ...plant(item) }]);
    const { findings } = await scrubbed(stores, { repair: true });
    assertEquals(findings.map(({ note: _, ...finding }) => finding), [
      { kind: "corrupt-manifest", repository: REPOSITORY, name: digest(IMAGE_BYTES) },
    ]);
  }
});
