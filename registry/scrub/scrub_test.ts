/** A scrub of what is well, and of what it cannot reach. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  change,
  CONFIG,
  IMAGE_BYTES,
  LARGE,
  LAYER,
  LONG,
  objectOf,
  OPTIONS,
  scrubbed,
  setUp,
  SIGNATURE,
} from "../../tests/harness/damage.ts";
import {
  body,
  content,
  digest,
  hooked,
  OTHER,
  PRINCIPAL,
  pushBlob,
  REPOSITORY,
} from "../../tests/harness/stores.ts";
import { blobKey, linkKey } from "../items/mod.ts";

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
    // The remains of the manifest are not damage, and are not reported.
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

Deno.test("scrub() fails where a store does not answer", async () => {
  const { stores } = await setUp();
  const objects = hooked(stores.objects, (method) => {
    if (method === "size") throw new Error("The store does not answer");
  });
  await assertRejects(() => stores.registry({ ...OPTIONS, objects }).scrub(), Error, "does not answer");
});

Deno.test("scrub() reads at most at the configured rate", async () => {
  const { stores } = await setUp();
  const begun = stores.now;
  const process = stores.registry({
    ...OPTIONS,
    sleep: (wait) => Promise.resolve(void (stores.now += wait)),
  });
  const { report } = await scrubbed(stores, { rate: 1000 }, process);
  assertEquals(Math.round((stores.now - begun) / 100), Math.round(report.bytes / 100));
});
