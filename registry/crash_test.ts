/**
 * Every protocol with its process dying at each of its storage calls, before the call and after it: what is there then
 * is consistent, the client's repetition succeeds, and when everything has expired nothing is left over.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { assertConsistent, assertNothingLeft } from "../tests/harness/invariants.ts";
import { type Call, dyingStores, type Moment } from "../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../tests/harness/stores.ts";
import { RegistryError } from "../oci/mod.ts";
import type { Registry } from "./registry.ts";

const CONFIG = content(9, 1);
const LAYER = content(30, 2);
const IMAGE_BYTES = imageOf(CONFIG, [LAYER]);
const SUBJECT = { mediaType: IMAGE, digest: digest(IMAGE_BYTES), size: IMAGE_BYTES.length };
const LARGE = imageOf(CONFIG, [LAYER], { annotations: { filler: "x".repeat(300_000) }, subject: SUBJECT });
const OPTIONS = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };

interface Scenario {
  title: string;
  /** Content that was acknowledged before. */
  given?: (registry: Registry) => Promise<unknown>;
  /** The operation that dies, and that the client then repeats from its beginning. */
  when: (registry: Registry) => Promise<unknown>;
  /** Assertions after its success. */
  then: (registry: Registry) => Promise<void>;
}

async function pushImage(registry: Registry): Promise<void> {
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  await pushManifest(registry, IMAGE_BYTES, "latest");
}

/** As clients do that see 404 where they have deleted before they died. */
async function unlessUnknown(attempt: Promise<unknown>): Promise<void> {
  await attempt.catch((error) => {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error;
  });
}

const SCENARIOS: Scenario[] = [
  {
    title: "POST, PATCH, PATCH, PUT with the last bytes",
    when: async (registry) => {
      const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
      await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER.slice(0, 11)));
      await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER.slice(11, 21)));
      await registry.commitUpload(
        REPOSITORY,
        PRINCIPAL,
        id,
        digest(LAYER),
        body(LAYER.slice(21), { first: 21 }),
      );
    },
    then: async (registry) => assertEquals(await readBlob(registry, digest(LAYER)), LAYER),
  },
  {
    title: "POST with the whole blob",
    when: (registry) => registry.putBlob(REPOSITORY, PRINCIPAL, digest(LAYER), body(LAYER)),
    then: async (registry) => assertEquals(await readBlob(registry, digest(LAYER)), LAYER),
  },
  {
    title: "a blob that is there already",
    given: (registry) => pushBlob(registry, LAYER),
    when: (registry) => pushBlob(registry, LAYER),
    then: async (registry) => assertEquals(await readBlob(registry, digest(LAYER)), LAYER),
  },
  {
    title: "DELETE of an upload",
    when: async (registry) => {
      const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
      await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
      await registry.cancelUpload(REPOSITORY, PRINCIPAL, id);
    },
    then: () => Promise.resolve(),
  },
  {
    title: "PUT of a manifest by tags",
    given: async (registry) => {
      await pushBlob(registry, CONFIG);
      await pushBlob(registry, LAYER);
    },
    when: (registry) => pushManifest(registry, IMAGE_BYTES, "latest", "v1"),
    then: async (registry) => {
      assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("v1") })).bytes, IMAGE_BYTES);
      assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("latest"), tag("v1")]);
    },
  },
  {
    title: "PUT of a manifest whose layer is missing",
    given: (registry) => pushBlob(registry, CONFIG),
    when: (registry) =>
      assertRejects(() => pushManifest(registry, IMAGE_BYTES, "latest"), RegistryError, "lacks"),
    then: async (registry) => {
      const missing = () => registry.getManifest(REPOSITORY, { digest: digest(IMAGE_BYTES) });
      await assertRejects(missing, RegistryError, "not found");
    },
  },
  {
    title: "PUT of a large manifest with a subject",
    given: pushImage,
    when: (registry) => pushManifest(registry, LARGE),
    then: async (registry) => {
      assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(LARGE) })).bytes, LARGE);
      const { items } = await registry.listReferrers(REPOSITORY, SUBJECT.digest, { artifactTypes: [] });
      assertEquals(items.map((item) => item.digest), [digest(LARGE) as string]);
    },
  },
  {
    title: "DELETE of a large manifest",
    given: async (registry) => {
      await pushImage(registry);
      await pushManifest(registry, LARGE, "large");
    },
    when: (registry) => unlessUnknown(registry.deleteManifest(REPOSITORY, digest(LARGE))),
    then: async (registry) => {
      await assertRejects(() => registry.getManifest(REPOSITORY, { digest: digest(LARGE) }), RegistryError);
      assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("latest")]);
      assertEquals(await registry.listReferrers(REPOSITORY, SUBJECT.digest, { artifactTypes: [] }), {
        items: [],
      });
    },
  },
  {
    title: "DELETE of a tag",
    given: pushImage,
    when: (registry) => unlessUnknown(registry.deleteTag(REPOSITORY, tag("latest"))),
    then: async (registry) => assertEquals(await registry.listTags(REPOSITORY, {}), { items: [] }),
  },
];

/** A process that dies at storage call `at`. */
function dyingProcess(stores: TestStores, at: Call, moment: Moment) {
  const { isReached, ...mortal } = dyingStores(stores, at, moment);
  return { ...stores.registry({ ...OPTIONS, ...mortal }), isDead: isReached };
}

/** Runs a scenario whose process dies at storage call `at`; answers whether it came so far. */
async function dieAt(scenario: Scenario, at: number, moment: Moment): Promise<boolean> {
  const stores = new TestStores();
  const { registry, sweep } = stores.registry(OPTIONS);
  await scenario.given?.(registry);
  // No upload is left that owns what is there.
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  await sweep();
  const dying = dyingProcess(stores, at, moment);
  await scenario.when(dying.registry).catch(() => {});
  await assertConsistent(stores);
  // A client that repeats itself does so later than a request may last.
  stores.now += OPTIONS.deadline + 1;
  await scenario.when(registry);
  await scenario.then(registry);
  await assertConsistent(stores);
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  await sweep();
  await scenario.then(registry);
  await assertConsistent(stores);
  await assertNothingLeft(stores);
  return dying.isDead();
}

for (const scenario of SCENARIOS) {
  for (const moment of ["before", "after"] as const) {
    Deno.test(`${scenario.title}: dying ${moment} any storage call loses and leaves nothing`, async () => {
      let at = 1;
      while (await dieAt(scenario, at, moment)) at++;
      // The last round has not died: every call was a place to die at.
      assertEquals(at > 2, true);
    });
  }
}

for (const moment of ["before", "after"] as const) {
  Deno.test(`sweep() that dies ${moment} any storage call is finished by the next one`, async () => {
    for (let at = 1, dead = true; dead; at++) {
      const stores = new TestStores();
      const { registry, sweep } = stores.registry(OPTIONS);
      await pushImage(registry);
      const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
      await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(21)));
      stores.now += OPTIONS.uploadExpiry + 1;
      const dying = dyingProcess(stores, at, moment);
      await dying.sweep().catch(() => {});
      await sweep();
      await assertNothingLeft(stores);
      assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
      dead = dying.isDead();
    }
  });
}

Deno.test("sweep() sweeps all other uploads where one fails", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  for (let i = 0; i < 30; i++) {
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(5, i)));
  }
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  let bad: unknown;
  const objects = hooked(stores.objects, (method, [prefix]) => {
    if (method === "listParts" && (bad ??= prefix) === prefix) throw new Error("Out of order");
  });
  await assertRejects(() => stores.registry({ ...OPTIONS, objects }).sweep(), AggregateError, "1 failed");
  assertEquals((await stores.keys()).length, 1);
  assertEquals((await stores.registry(OPTIONS).sweep()).uploads, 1);
  await assertNothingLeft(stores);
});

Deno.test("sweep() keeps open uploads, uploads during a commit, and objects that an item names", async () => {
  const stores = new TestStores();
  const { registry, sweep } = stores.registry(OPTIONS);
  await pushImage(registry);
  const bytes = content(30, 3);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes, { first: 0 }));
  const dying = dyingProcess(stores, "completeParts", "before").registry;
  await assertRejects(() => dying.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes)), Error, "died");
  const before = [await stores.items(), await stores.keys()];
  assertEquals(await sweep(), { uploads: 0, objects: 0 });
  assertEquals([await stores.items(), await stores.keys()], before);
  stores.now += OPTIONS.uploadExpiry + 1;
  assertEquals(await sweep(), { uploads: 3, objects: 1 });
  assertEquals((await stores.objects.listParts("", 10)).length, 0);
  await assertNothingLeft(stores);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
});

Deno.test("sweep() leaves a commit of an expired upload until the grace period has passed", async () => {
  const stores = new TestStores();
  const { registry, sweep } = stores.registry(OPTIONS);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
  const slow = stores.registry({
    ...OPTIONS,
    deadline: 60_000,
    objects: hooked(stores.objects, async (method) => {
      if (method !== "completeParts") return;
      stores.now += OPTIONS.uploadExpiry + 1;
      assertEquals(await sweep(), { uploads: 0, objects: 0 });
    }),
  }).registry;
  await slow.commitUpload(REPOSITORY, PRINCIPAL, id, digest(LAYER));
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
});
