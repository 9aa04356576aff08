import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { parseRepositoryName } from "../../oci/name.ts";
import type { Item, Key, ObjectStore } from "../../storage/mod.ts";
import { codeOf } from "../../tests/harness/images.ts";
import { assertConsistent } from "../../tests/harness/invariants.ts";
import {
  body,
  content,
  digest,
  hooked,
  IMAGE,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { CLOCK_SKEW } from "../context.ts";
import {
  type BlobAttributes,
  blobKey,
  edgeKey,
  linkKey,
  type ManifestAttributes,
  manifestKey,
  referrerKey,
  stored,
  taggedKey,
  tagKey,
} from "../items.ts";
import type { Finding, FindingKind, ScrubOptions } from "../mod.ts";

import {
  CONFIG,
  cut,
  damage,
  flip,
  IMAGE_BYTES,
  itemOf,
  LARGE,
  LAYER,
  LONG,
  objectOf,
  OPTIONS,
  plantOrphan,
  setUp,
  SIGNATURE,
  SUBJECT,
} from "../../tests/harness/damage.ts";

const OTHER = parseRepositoryName("library/other");

/** What a scrub finds, by kind, in their order. */
async function scrubbed(stores: TestStores, options: ScrubOptions = {}, process = stores.registry(OPTIONS)) {
  const findings: Finding[] = [];
  const report = await process.scrub({ ...options, found: (finding) => findings.push(finding) });
  assertEquals(report.findings, findings.length);
  assertEquals(report.repaired, findings.filter(({ repaired }) => repaired !== undefined).length);
  findings.sort((a, b) => a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.name < b.name ? -1 : 1);
  return { findings, report, kinds: findings.map(({ kind }) => kind) };
}

async function drop(stores: TestStores, key: Key): Promise<void> {
  assertEquals(await stores.table.delete(key, { ifVersion: (await itemOf(stores, key)).version }), true);
}

async function change(stores: TestStores, key: Key, attributes: Item["attributes"]): Promise<void> {
  const item = await itemOf(stores, key);
  await stores.table.putMany([{ ...item, attributes: { ...item.attributes, ...attributes } }]);
}

const INTACT = { findings: [], kinds: [] };

Deno.test("scrub() finds nothing in a healthy registry, and reads each object once", async () => {
  const { stores } = await setUp();
  const reads: string[] = [];
  const objects = hooked(stores.objects, (method, [key]) => {
    if (method === "get") reads.push(key as string);
  });
  const { report, ...found } = await scrubbed(stores, {}, stores.registry({ ...OPTIONS, objects }));
  assertEquals(found, INTACT);
  assertEquals(reads.sort(), await stores.keys());
  const bytes = [CONFIG, LAYER, LONG, IMAGE_BYTES, SIGNATURE, LARGE].reduce(
    (sum, { length }) => sum + length,
    0,
  );
  assertEquals({ objects: report.objects, contents: report.contents, bytes: report.bytes }, {
    objects: 4,
    contents: 6,
    bytes,
  });
  assertEquals(report.items, (await stores.items()).length);
});

Deno.test("scrub() finds nothing while uploads are under way, done, being removed, and a manifest is deleted", async () => {
  const { stores, registry } = await setUp();
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(21, 5)));
  const cancelled = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, cancelled.id, body(content(21, 6)));
  const undeletable = stores.registry({
    ...OPTIONS,
    objects: hooked(stores.objects, (method) => {
      if (method === "delete") throw new Error("The store does not answer");
    }),
  }).registry;
  await undeletable.cancelUpload(REPOSITORY, PRINCIPAL, cancelled.id);
  await pushBlob(undeletable, LAYER, OTHER);
  await registry.deleteManifest(REPOSITORY, digest(LARGE));
  await pushBlob(registry, content(40, 7));
  await registry.deleteBlob(REPOSITORY, digest(content(40, 7)));
  for (const keys of [1, 2, 1000]) {
    // What the manifest leaves behind is no damage, and nobody is alarmed by it.
    const { report, kinds } = await scrubbed(stores, { keys });
    assertEquals([kinds, report.leftovers], [["dangling-edge", "dangling-tag-mark"], 2]);
  }
});

Deno.test("scrub() finds nothing where a collector has died at any step", async () => {
  for (const state of ["condemned", "deleting"]) {
    const { stores } = await setUp();
    await change(stores, blobKey(digest(LAYER)), { state });
    await change(stores, linkKey(digest(LAYER), REPOSITORY), { state: "condemned" });
    if (state === "deleting") await stores.objects.delete([await objectOf(stores, LAYER)]);
    assertEquals((await scrubbed(stores, { repair: true })).findings, []);
  }
});

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
    assertEquals(await registry.mountBlob(OTHER, digest(LAYER), REPOSITORY), undefined);
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
  await scrubbed(stores, { repair: true });
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

Deno.test("scrub() finds a manifest whose bytes, size or media type are not what they should be", async () => {
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

Deno.test("scrub() finds orphans, deletes one whose blob is well, and keeps what is nowhere else", async () => {
  const { stores, registry } = await setUp();
  const twin = await plantOrphan(stores, LAYER);
  const only = `${twin.slice(0, -1)}d`;
  await stores.objects.put(only, content(11, 9));
  for (const keys of [1, 3, 1000]) {
    const { findings } = await scrubbed(stores, { keys });
    assertEquals(
      findings.map(({ kind, name, object }) => ({ kind, name, object })).sort((a, b) =>
        a.object! < b.object! ? -1 : 1
      ),
      [
        { kind: "orphan-object", name: digest(LAYER), object: twin },
        { kind: "orphan-object", name: digest(content(11, 9)), object: only },
      ],
    );
  }
  const { findings } = await scrubbed(stores, { repair: true });
  assertEquals(findings.map(({ object, repaired }) => [object, repaired]).sort(), [
    [twin, "Deleted: its blob has the same content"],
    [only, undefined],
  ]);
  assertEquals((await scrubbed(stores, { repair: true })).findings.map(({ object }) => object), [only]);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
});

Deno.test("scrub() gives a blob that is damaged or lost the orphan that has its content", async () => {
  for (const bytes of [LAYER, LONG]) {
    const name = bytes === LONG ? digest(LONG, "sha512") : digest(LAYER);
    for (const lost of [true, false]) {
      const { stores, registry } = await setUp();
      const { object } = stored<BlobAttributes>(await itemOf(stores, blobKey(name)))!.attributes;
      if (lost) await stores.objects.delete([object]);
      else await stores.objects.put(object, new Uint8Array(flip(bytes)));
      const orphan = await plantOrphan(stores, bytes);
      assertEquals((await scrubbed(stores)).findings.length, 2);
      const { findings } = await scrubbed(stores, { repair: true });
      assertEquals(findings.find(({ kind }) => kind === "orphan-object")?.repaired, "Gave it to its blob");
      assertEquals(await readBlob(registry, name), bytes);
      const { kinds } = await scrubbed(stores, { repair: true });
      // What is left of the damaged bytes belongs to nothing now, and nobody deletes it.
      assertEquals(kinds, lost ? [] : ["orphan-object"]);
      assertEquals((await stores.keys()).includes(orphan), true);
    }
  }
});

Deno.test("scrub() leaves an orphan whose blob a collector is about to take", async () => {
  for (const state of ["condemned", "deleting"]) {
    const { stores } = await setUp();
    const orphan = await plantOrphan(stores, LAYER);
    await change(stores, blobKey(digest(LAYER)), { state });
    const { findings } = await scrubbed(stores, { repair: true });
    assertEquals(findings.map(({ object, repaired }) => [object, repaired]), [[orphan, undefined]]);
    assertEquals((await stores.keys()).includes(orphan), true);
  }
});

Deno.test("scrub() finds what points at nothing, and deletes it", async () => {
  const plants: [string, string, (stores: TestStores) => Promise<unknown>][] = [
    ["dangling-link", digest(LONG, "sha512"), (stores) => drop(stores, blobKey(digest(LONG, "sha512")))],
    [
      "dangling-edge",
      `${digest(CONFIG)}#${digest(LAYER)}`,
      (stores) =>
        stores.table.putMany([{
          ...edgeKey(REPOSITORY, digest(CONFIG), digest(LAYER)),
          attributes: { at: 5 },
        }]),
    ],
    [
      "dangling-tag-mark",
      `${digest(LAYER)}#old`,
      (stores) =>
        stores.table.putMany([{
          ...taggedKey(REPOSITORY, digest(LAYER), tag("old")),
          attributes: { at: 5 },
        }]),
    ],
    [
      "dangling-referrer",
      `${SUBJECT.digest}#${digest(LAYER)}`,
      (stores) =>
        stores.table.putMany([{ ...referrerKey(REPOSITORY, SUBJECT.digest, digest(LAYER)), attributes: {} }]),
    ],
    ["tag-without-manifest", "lost", (stores) =>
      stores.table.putMany([{
        ...tagKey(REPOSITORY, tag("lost")),
        attributes: { digest: digest(LAYER), mediaType: IMAGE, size: 3, moves: [] },
      }])],
  ];
  for (const [kind, name, plant] of plants) {
    const { stores } = await setUp();
    await plant(stores);
    const pointers = async () =>
      (await scrubbed(stores)).findings.filter(({ kind }) => kind !== "orphan-object")
        .map(({ kind, repository, name }) => ({ kind, repository, name }));
    assertEquals(await pointers(), [{ kind, repository: REPOSITORY, name }] as never);
    const { findings } = await scrubbed(stores, { repair: true });
    assertEquals(findings.find((finding) => finding.kind === kind)?.repaired, "Deleted");
    assertEquals(await pointers(), []);
  }
});

Deno.test("scrub() counts nothing as dangling that may be under way, or is the collector's", async () => {
  const { stores } = await setUp();
  await stores.table.putMany([
    { ...edgeKey(REPOSITORY, digest(CONFIG), digest(LAYER)), attributes: { at: stores.now } },
    { ...taggedKey(REPOSITORY, digest(LAYER), tag("x")), attributes: { at: stores.now - OPTIONS.grace } },
    {
      ...linkKey(digest(content(5)), REPOSITORY),
      attributes: { state: "live", touchedAt: stores.now - CLOCK_SKEW },
    },
  ]);
  assertEquals((await scrubbed(stores, { repair: true })).findings, []);
});

Deno.test("scrub() finds items that are not of their form, and leaves those alone that are of another's", async () => {
  const { stores } = await setUp();
  const [layer, image] = [digest(LAYER), digest(IMAGE_BYTES)];
  await stores.table.putMany([
    { pk: "pulls#x", sk: "y", attributes: {} },
    { pk: `repo#${REPOSITORY}`, sk: "pulled#x", attributes: {} },
  ]);
  assertEquals((await scrubbed(stores)).findings, []);
  await change(stores, blobKey(layer), { object: 7 });
  await change(stores, linkKey(layer, REPOSITORY), { touchedAt: "now" });
  await change(stores, manifestKey(REPOSITORY, image), { mediaType: "" });
  await change(stores, tagKey(REPOSITORY, tag("v1")), { digest: "sha256:abc" });
  await stores.table.putMany([{ pk: "repos", sk: "Not/A/Name", attributes: { createdAt: 1 } }]);
  const { findings } = await scrubbed(stores, { repair: true });
  assertEquals(findings.filter(({ kind }) => kind === "unreadable-item").map(({ name }) => name), [
    `blob#${layer} blob`,
    `blob#${layer} repo#${REPOSITORY}`,
    `repo#${REPOSITORY} manifest#${image}`,
    `repo#${REPOSITORY} tag#v1`,
    "repos Not/A/Name",
  ]);
  // The object that the unreadable item named is an orphan now, and the only copy: it stays.
  assertEquals(
    findings.filter(({ kind }) => kind !== "unreadable-item").map(({ kind, name, repaired }) => [
      kind,
      name,
      repaired,
    ]),
    [["orphan-object", layer, undefined]],
  );
});

Deno.test("scrub() fails where a store does not answer", async () => {
  const { stores } = await setUp();
  const objects = hooked(stores.objects, (method) => {
    if (method === "size") throw new Error("The store does not answer");
  });
  await assertRejects(() => stores.registry({ ...OPTIONS, objects }).scrub(), Error, "does not answer");
});

Deno.test("scrub() reads no faster than it is told to", async () => {
  const { stores } = await setUp();
  const begun = stores.now;
  const process = stores.registry({
    ...OPTIONS,
    sleep: (wait) => Promise.resolve(void (stores.now += wait)),
  });
  const { report } = await scrubbed(stores, { rate: 1000 }, process);
  assertEquals(Math.round((stores.now - begun) / 100), Math.round(report.bytes / 100));
});
