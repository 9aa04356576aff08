/** Items that point at nothing, or are not of their form. */
import { assertEquals } from "@std/assert";
import type { Key } from "../../storage/mod.ts";
import {
  change,
  CONFIG,
  IMAGE_BYTES,
  itemOf,
  LAYER,
  LONG,
  OPTIONS,
  scrubbed,
  setUp,
  SUBJECT,
} from "../../tests/harness/damage.ts";
import { content, digest, IMAGE, REPOSITORY, tag, type TestStores } from "../../tests/harness/stores.ts";
import { CLOCK_SKEW_MS } from "../../storage/ports.ts";
import { blobKey, edgeKey, linkKey, manifestKey, referrerKey, taggedKey, tagKey } from "../items/mod.ts";

/** Takes an item away. */
async function drop(stores: TestStores, key: Key): Promise<void> {
  assertEquals(await stores.table.delete(key, { ifVersion: (await itemOf(stores, key)).version }), true);
}

Deno.test("scrub() finds items with a missing target, and deletes them", async () => {
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
        stores.table.putMany([{
          ...referrerKey(REPOSITORY, SUBJECT.digest, digest(LAYER))!,
          attributes: {},
        }]),
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
      attributes: { state: "live", touchedAt: stores.now - CLOCK_SKEW_MS },
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
