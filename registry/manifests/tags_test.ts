import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { codeOf, CONFIG, LAYER, put, withBlobs } from "../../tests/harness/images.ts";
import { interruptedStores } from "../../tests/harness/moments.ts";
import {
  digest,
  hooked,
  IMAGE,
  imageOf,
  PRINCIPAL,
  pushManifest,
  REPOSITORY,
  tag,
} from "../../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import type { TagCondition } from "../registry.ts";

Deno.test("deleteTag() keeps the manifest", async () => {
  const { registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "a");
  await registry.deleteTag(REPOSITORY, tag("a"));
  assertEquals(await codeOf(() => registry.resolveTag(REPOSITORY, tag("a"))), "MANIFEST_UNKNOWN");
  assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(image) })).bytes, image);
  assertEquals(await registry.listTags(REPOSITORY, {}), { items: [] });
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`deleteTag() reports the last target of a tag that moves ${moment} any of its calls`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, registry } = await withBlobs();
      const [image, other] = [imageOf(CONFIG, [LAYER]), imageOf(CONFIG, [])];
      await pushManifest(registry, image, "a");
      const move = () => pushManifest(registry, other, "a");
      const { isReached, ...watched } = interruptedStores(stores, at, moment, move);
      const changes: unknown[] = [];
      const report = (change: unknown) => changes.push(change);
      await stores.registry(watched).registry.deleteTag(REPOSITORY, tag("a"), report);
      reached = isReached();
      const isLeft = (await registry.listTags(REPOSITORY, {})).items.length > 0;
      const before = digest(reached && !isLeft ? other : image);
      assertEquals(changes, [{ action: "tag.delete", repository: REPOSITORY, tag: tag("a"), before }]);
    }
  });
}

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
  assertEquals(await registry.listRepositories({}, UNRESTRICTED_CALLER), { items: [REPOSITORY] });
  assertEquals(await registry.listRepositories({ after: REPOSITORY }, UNRESTRICTED_CALLER), { items: [] });
});

Deno.test("listTags() and listRepositories() read keys and no items when the lists are not empty", async () => {
  const { stores, registry: writer } = await withBlobs();
  await pushManifest(writer, imageOf(CONFIG, [LAYER]), "a", "b");
  const reads: string[] = [];
  const table = hooked(stores.table, (method) => void reads.push(method));
  const { registry } = stores.registry({ table });
  assertEquals(await registry.listTags(REPOSITORY, {}), { items: ["a", "b"].map(tag) });
  assertEquals(await registry.listRepositories({}, UNRESTRICTED_CALLER), { items: [REPOSITORY] });
  assertEquals(reads, ["queryKeys", "queryKeys"]);
});
