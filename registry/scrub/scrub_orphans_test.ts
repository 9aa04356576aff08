/** Objects that no item names. */
import { assertEquals } from "@std/assert";
import {
  change,
  flip,
  itemOf,
  LAYER,
  LONG,
  plantOrphan,
  scrubbed,
  setUp,
} from "../../tests/harness/damage.ts";
import { content, digest, readBlob } from "../../tests/harness/stores.ts";
import { type BlobAttributes, blobKey, stored } from "../items/mod.ts";

Deno.test("scrub() finds orphans, deletes one whose blob is intact, and keeps the only copy of content", async () => {
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
      assertEquals(
        findings.find(({ kind }) => kind === "orphan-object")?.repaired,
        "Made it the object of its blob",
      );
      assertEquals(await readBlob(registry, name), bytes);
      const { kinds } = await scrubbed(stores, { repair: true });
      // The remains of the damaged bytes belong to nothing now, and no process deletes them.
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
