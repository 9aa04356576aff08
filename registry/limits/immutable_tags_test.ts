import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { codeOf, CONFIG, LAYER, put } from "../../tests/harness/images.ts";
import {
  digest,
  type Hook,
  hooked,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import type { ImmutableRule } from "./immutable_tags.ts";
import type { Registry } from "../registry.ts";

const RULES: ImmutableRule[] = [
  { repositories: ["library/**"], tags: ["v*", "sha256-*"], except: ["v*-rc*"] },
  { repositories: ["other/**"], tags: ["*"], except: [] },
];

const [FIRST, SECOND] = [imageOf(CONFIG, [LAYER]), imageOf(CONFIG, [])];

/** A registry whose tags `v*` are immutable, and that has what the images need; and processes whose calls can be seen. */
async function open() {
  const stores = new TestStores();
  const options = { immutable: RULES, grace: 60 * 60_000 };
  const process = stores.registry(options);
  await pushBlob(process.registry, CONFIG);
  await pushBlob(process.registry, LAYER);
  const other = (before: Hook, after?: Hook) =>
    stores.registry({ ...options, table: hooked(stores.table, before, after) }).registry;
  const target = (name: string) => process.registry.resolveTag(REPOSITORY, tag(name));
  return { ...process, stores, other, target };
}

/** The error of what is refused because of an immutable tag, which it names. */
async function assertRefused(attempt: () => Promise<unknown>, name: string): Promise<void> {
  const error = await assertRejects(attempt, RegistryError);
  assertEquals([error.code, error.status], ["DENIED", 403]);
  assertStringIncludes(error.message, `"${name}"`);
}

Deno.test("an immutable tag can be created and pushed again, and not moved, by its path or by ?tag=", async () => {
  const { registry, stores, target } = await open();
  await pushManifest(registry, FIRST, "v1");
  await pushManifest(registry, FIRST, "v1");
  await put(registry, FIRST, { tags: [tag("v1"), tag("latest")] });
  const before = await stores.items();
  await assertRefused(() => pushManifest(registry, SECOND, "v1"), "v1");
  await assertRefused(() => put(registry, SECOND, { tags: [tag("latest"), tag("v1"), tag("new")] }), "v1");
  await assertRefused(
    () => put(registry, SECOND, { tags: [tag("v1")], condition: { ifMatch: [digest(FIRST)] } }),
    "v1",
  );
  assertEquals(await stores.items(), before, "Nothing is written where a tag may not be moved");
  assertEquals([await target("v1"), await target("latest")], [digest(FIRST), digest(FIRST)]);
});

Deno.test("an immutable tag is one that a pattern of the repository holds and none excepts, fallback tags as well", async () => {
  const { registry } = await open();
  const fallback = digest(FIRST).replace(":", "-");
  for (
    const [name, isImmutable] of [["v1-rc1", false], ["latest", false], ["v1", true], [
      fallback,
      true,
    ]] as const
  ) {
    await pushManifest(registry, FIRST, name);
    const move = () => pushManifest(registry, SECOND, name);
    if (isImmutable) await assertRefused(move, name);
    else await move();
  }
});

Deno.test("an immutable tag can't be deleted, nor its manifest by digest, of which nothing is deleted then", async () => {
  const { registry, stores } = await open();
  await pushManifest(registry, FIRST, "a", "latest", "v1");
  const before = await stores.items();
  await assertRefused(() => registry.deleteTag(REPOSITORY, tag("v1")), "v1");
  await assertRefused(() => registry.deleteManifest(REPOSITORY, digest(FIRST)), "v1");
  assertEquals(await stores.items(), before);
  assertEquals(await codeOf(() => registry.deleteTag(REPOSITORY, tag("v2"))), "MANIFEST_UNKNOWN");
  await registry.deleteRepository(REPOSITORY);
  assertEquals(await codeOf(() => registry.listTags(REPOSITORY, {})), "NAME_UNKNOWN");
});

Deno.test("an immutable tag outlives every rule of retention, and keeps its manifest", async () => {
  const { registry, retain, stores, target } = await open();
  await pushManifest(registry, FIRST, "v1", "latest");
  await pushManifest(registry, SECOND, "v2");
  stores.now += 24 * 60 * 60_000;
  const rules = [{ repositories: ["**"], keepTags: [{ tags: ["none"] }], untaggedFor: 0 }];
  const gone = async (dryRun: boolean) =>
    (await Array.fromAsync(retain(rules, { dryRun }))).map(({ name }) => name);
  assertEquals(await gone(true), ["latest"]);
  assertEquals(await gone(false), ["latest"]);
  stores.now += 24 * 60 * 60_000;
  assertEquals(await gone(false), []);
  assertEquals([await target("v1"), await target("v2")], [digest(FIRST), digest(SECOND)]);
});

Deno.test("of two pushes of an immutable tag to different manifests one wins, at any interleaving of their calls", async () => {
  for (const method of ["getMany", "putMany", "put", "get"]) {
    for (let nth = 1; nth <= 4; nth++) {
      const { registry, other, target } = await open();
      const push = (into: Registry, bytes: Uint8Array<ArrayBuffer>) =>
        pushManifest(into, bytes, "v1").then(() => "done", (error) => error.code);
      let [calls, early] = [0, "never"];
      const late = await push(
        other(async (called) => {
          if (called === method && ++calls === nth) early = await push(registry, FIRST);
        }),
        SECOND,
      );
      if (early === "never") early = await push(registry, FIRST);
      assertEquals([early, late].sort(), ["DENIED", "done"], `${method} ${nth}`);
      assertEquals(await target("v1"), digest(early === "done" ? FIRST : SECOND));
    }
  }
});

Deno.test("an immutable tag that was acknowledged is there after a delete of its manifest at any of its calls", async () => {
  for (const method of ["get", "getMany", "query", "delete"]) {
    for (let nth = 1; nth <= 5; nth++) {
      const { registry, other, target } = await open();
      await pushManifest(registry, FIRST, "a");
      let calls = 0;
      const deleter = other(async (called) => {
        if (called === method && ++calls === nth) await pushManifest(registry, FIRST, "v1");
      });
      const deleted = await deleter.deleteManifest(REPOSITORY, digest(FIRST)).then(() => true, () => false);
      if (calls < nth) continue;
      assertEquals(await target("v1"), digest(FIRST), `${method} ${nth}, deleted: ${deleted}`);
      assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("v1") })).bytes, FIRST);
    }
  }
});

Deno.test("an immutable tag that is put behind a delete's look at tags makes that look again", async () => {
  const { registry, other } = await open();
  await pushManifest(registry, FIRST, "a");
  const looked = Promise.withResolvers<void>();
  const placed = Promise.withResolvers<void>();
  // The manifest is put before the delete reads it, and the tag only after the delete has looked for tags.
  const arrived = Promise.withResolvers<void>();
  const pusher = other(async (method, [item]) => {
    if (method !== "put" || (item as { sk: string }).sk !== "tag#v1") return;
    arrived.resolve();
    await looked.promise;
  });
  const deleter = other(async (method, [key]) => {
    if (method !== "delete" || !(key as { sk: string }).sk.startsWith("manifest#")) return;
    looked.resolve();
    await placed.promise;
  });
  const push = pushManifest(pusher, FIRST, "v1").finally(() => placed.resolve());
  await arrived.promise;
  await assertRefused(() => deleter.deleteManifest(REPOSITORY, digest(FIRST)), "v1");
  await push;
  assertEquals(await registry.resolveTag(REPOSITORY, tag("v1")), digest(FIRST));
});
