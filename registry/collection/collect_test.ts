import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import {
  assertConsistent,
  assertNothingLeft,
  dropCandidates,
  leftItems,
} from "../../tests/harness/invariants.ts";
import { dyingStores } from "../../tests/harness/moments.ts";
import {
  content,
  digest,
  imageOf,
  indexOf,
  OTHER,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import type { CollectOptions } from "./collect.ts";
import type { Registry, Removal, StoredRegistry } from "../mod.ts";

const OPTIONS = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };
const CONFIG = content(9, 1);
const LAYER = content(30, 2);
const IMAGE = imageOf(CONFIG, [LAYER]);

/** A collection from its beginning to its end. */
async function collectAll(
  { collect }: Pick<StoredRegistry, "collect">,
  options: CollectOptions = {},
): Promise<Removal[]> {
  const removals: Removal[] = [];
  let step = await collect(options);
  for (;;) {
    removals.push(...step.removals);
    if (step.next === undefined) return removals;
    step = await collect({ ...options, after: step.next });
  }
}

async function pushImage(registry: Registry): Promise<void> {
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  await pushManifest(registry, IMAGE, "latest");
}

/** So much later that all may go which nothing needs. */
function age(stores: TestStores): void {
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
}

function namesOf(removals: Removal[]): string[] {
  return removals.map(({ kind, name }) => `${kind} ${name}`).sort();
}

Deno.test("collect() removes a blob with its bytes and its link when no manifest references it", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  const loose = await pushBlob(process.registry, content(40, 7));
  age(stores);
  const removals = await collectAll(process);
  assertEquals(removals.filter(({ kind }) => kind === "blob" || kind === "link"), [
    { kind: "link", repository: REPOSITORY, name: loose, reason: "No manifest references it" },
    { kind: "blob", name: loose, reason: "No repository has it", size: 40 },
  ]);
  await assertRejects(() => process.registry.statBlob(REPOSITORY, loose), RegistryError);
  assertEquals(await readBlob(process.registry, digest(LAYER)), LAYER);
  await assertConsistent(stores);
  await assertNothingLeft(stores);
});

Deno.test("collect() leaves everything alone that has been used within the grace period", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  const loose = await pushBlob(process.registry, LAYER);
  stores.now += OPTIONS.grace;
  assertEquals(await collectAll(process), []);
  await process.registry.statBlob(REPOSITORY, loose);
  stores.now += OPTIONS.grace;
  assertEquals(await collectAll(process), []);
  stores.now += 1;
  assertEquals(namesOf(await collectAll(process)), [`blob ${loose}`, `link ${loose}`]);
});

Deno.test("collect() keeps a blob that another repository has", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  await process.registry.mountBlob(OTHER, UNRESTRICTED_CALLER, digest(LAYER), REPOSITORY);
  age(stores);
  const [link] = (await collectAll(process)).filter(({ kind }) => kind === "link");
  assertEquals([link?.repository, link?.name], [OTHER, digest(LAYER)]);
  assertEquals(await readBlob(process.registry, digest(LAYER)), LAYER);
  await assertRejects(() => readBlob(process.registry, digest(LAYER), OTHER), RegistryError);
});

Deno.test("collect() removes all that a deleted manifest has left, the repository too", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  await process.registry.deleteManifest(REPOSITORY, digest(IMAGE));
  await dropCandidates(stores);
  age(stores);
  // The full pass takes the edges, and leaves candidates for what they kept; the epoch changes with the last of these.
  for (let time = 0; time < 3; time++) {
    await collectAll(process);
    await process.collectCandidates();
    stores.now += OPTIONS.grace + 1;
  }
  assertEquals(await leftItems(stores), []);
  assertEquals(await stores.keys(), []);
  assertEquals(await process.registry.listRepositories({}, UNRESTRICTED_CALLER), { items: [] });
});

Deno.test("collect() keeps an index, its children and their references", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  await pushManifest(process.registry, indexOf([IMAGE]), "index");
  age(stores);
  await collectAll(process);
  for (const name of ["latest", "index"]) await process.registry.getManifest(REPOSITORY, { tag: tag(name) });
  assertEquals(await readBlob(process.registry, digest(LAYER)), LAYER);
  await assertConsistent(stores);
});

Deno.test("collect() removes a mark when its tag points elsewhere", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  await pushManifest(process.registry, imageOf(CONFIG, []), "latest");
  age(stores);
  const marks = (await collectAll(process)).filter(({ kind }) => kind === "tag mark");
  assertEquals(marks.map(({ name }) => name), [`${digest(IMAGE)}#latest`]);
});

Deno.test("collect() with dryRun returns the next removals and removes nothing", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  await pushBlob(process.registry, content(40, 7));
  await pushBlob(process.registry, content(40, 7), OTHER);
  await pushManifest(process.registry, imageOf(CONFIG, []), "latest");
  const { id } = await process.registry.startUpload(REPOSITORY, PRINCIPAL);
  await process.registry.deleteManifest(REPOSITORY, digest(IMAGE));
  await process.registry.cancelUpload(REPOSITORY, PRINCIPAL, id);
  age(stores);
  const before = [await stores.items(), await stores.keys()];
  const planned = await collectAll(process, { dryRun: true });
  assertEquals([await stores.items(), await stores.keys()], before);
  assertEquals(namesOf(await collectAll(process)), namesOf(planned));
});

for (const limit of [1, 2, 3, 7]) {
  Deno.test(`collect() removes the same in steps of ${limit} items`, async () => {
    const stores = new TestStores();
    const process = stores.registry(OPTIONS);
    await pushImage(process.registry);
    for (let seed = 10; seed < 20; seed++) await pushBlob(process.registry, content(5, seed));
    await process.registry.mountBlob(OTHER, UNRESTRICTED_CALLER, digest(content(5, 15)), REPOSITORY);
    age(stores);
    await collectAll(process, { limit });
    stores.now += OPTIONS.grace + 1;
    await collectAll(process, { limit });
    await assertConsistent(stores);
    await assertNothingLeft(stores);
    assertEquals((await stores.keys()).length, 2);
  });
}

for (const moment of ["before", "after"] as const) {
  Deno.test(`collect() that dies ${moment} any storage call loses nothing and is finished by the next one`, async () => {
    for (let at = 1, dead = true; dead; at++) {
      const stores = new TestStores();
      const process = stores.registry(OPTIONS);
      await pushImage(process.registry);
      await pushBlob(process.registry, content(40, 7));
      await pushManifest(process.registry, imageOf(CONFIG, []), "other");
      await process.registry.deleteManifest(REPOSITORY, digest(imageOf(CONFIG, [])));
      age(stores);
      const { isReached, ...mortal } = dyingStores(stores, at, moment);
      const dying = stores.registry({ ...OPTIONS, ...mortal });
      await collectAll(dying).catch(() => {});
      dead = isReached();
      await assertConsistent(stores);
      for (let again = 0; again < 3; again++) {
        stores.now += OPTIONS.grace + 1;
        await collectAll(process);
      }
      assertEquals(await readBlob(process.registry, digest(LAYER)), LAYER);
      await assertConsistent(stores);
      await assertNothingLeft(stores);
      assertEquals((await stores.keys()).length, 2);
    }
  });
}
