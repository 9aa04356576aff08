import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import type { Key } from "../../storage/mod.ts";
import { assertConsistent, leftItems } from "../../tests/harness/invariants.ts";
import { dyingStores } from "../../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  IMAGE,
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
import { COLLECTION, GARBAGE_PREFIX } from "../items/mod.ts";
import type { Registry, Removal, StoredRegistry } from "../mod.ts";

const OPTIONS = { uploadExpiry: 3000, grace: 2000, deadline: 500 };
const CONFIG = content(9, 1);
const LAYER = content(30, 2);
const IMAGE_ONE = imageOf(CONFIG, [LAYER]);
const IMAGE_TWO = imageOf(CONFIG, []);
/** So large that it has an object of its own. */
const ARTIFACT = imageOf(CONFIG, [], {
  subject: { mediaType: IMAGE, digest: digest(IMAGE_ONE), size: IMAGE_ONE.length },
  annotations: { filler: "x".repeat(300_000) },
});

async function pushImage(registry: Registry, ...tags: string[]): Promise<void> {
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  await pushManifest(registry, IMAGE_ONE, ...tags);
}

/** Waits for the grace period and works off what is due, without any full pass; so often. */
async function collectDue(stores: TestStores, process: StoredRegistry, times = 1): Promise<Removal[]> {
  const removals: Removal[] = [];
  for (let time = 0; time < times; time++) {
    stores.now += OPTIONS.uploadExpiry + OPTIONS.grace;
    await process.sweep();
    await process.collectCandidates({ removed: (removal) => removals.push(removal) });
  }
  return removals;
}

async function candidatesIn(stores: TestStores): Promise<string[]> {
  return (await stores.items()).filter(({ pk }) => pk.startsWith(GARBAGE_PREFIX)).map(({ sk }) => sk);
}

async function assertNothing(stores: TestStores): Promise<void> {
  assertEquals((await leftItems(stores)).map(({ pk, sk }) => `${pk} ${sk}`), []);
  assertEquals(await stores.keys(), []);
}

const GARBAGE: Record<string, (registry: Registry, stored: StoredRegistry) => Promise<unknown>> = {
  "a deleted manifest": async (registry) => {
    await pushImage(registry, "a", "b");
    await registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  },
  "a deleted index and its child": async (registry) => {
    await pushImage(registry);
    const index = indexOf([IMAGE_ONE]);
    await pushManifest(registry, index, "a");
    await registry.deleteManifest(REPOSITORY, digest(index));
    await registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  },
  "a deleted referrer with an object of its own": async (registry) => {
    await pushBlob(registry, CONFIG);
    await pushManifest(registry, ARTIFACT);
    await registry.deleteManifest(REPOSITORY, digest(ARTIFACT));
  },
  "a blob that no manifest ever referenced": (registry) => pushBlob(registry, LAYER),
  "a blob that was pushed twice": async (registry) => {
    await pushBlob(registry, LAYER);
    await pushBlob(registry, LAYER, OTHER);
  },
  "a deleted blob": async (registry) => {
    await pushBlob(registry, LAYER);
    await registry.deleteBlob(REPOSITORY, digest(LAYER));
  },
  "a mount that no manifest ever used": async (registry) => {
    await pushBlob(registry, LAYER);
    await registry.mountBlob(OTHER, UNRESTRICTED_CALLER, digest(LAYER), REPOSITORY);
  },
  "a manifest that was refused": async (registry) => {
    await pushBlob(registry, CONFIG);
    await assertRejects(() => pushManifest(registry, IMAGE_ONE, "a"), RegistryError);
  },
  "an upload that was cancelled": async (registry) => {
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
    await registry.cancelUpload(REPOSITORY, PRINCIPAL, id);
  },
  "an abandoned upload": async (registry) => {
    const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
    await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(LAYER));
  },
  "a deleted repository": async (registry) => {
    await pushImage(registry, "a", "b");
    await pushBlob(registry, content(40, 7));
    await registry.deleteRepository(REPOSITORY);
  },
  "a manifest that retention deleted": async (registry, { retain }) => {
    await pushImage(registry, "a");
    await registry.deleteTag(REPOSITORY, tag("a"));
    const rules = [{ repositories: ["**"], untaggedFor: 1 }];
    for (let time = 0; time < 3; time++) {
      now.stores.now += OPTIONS.grace + 1;
      await Array.fromAsync(retain(rules));
    }
  },
};

/** The stores of the test that runs, for garbage that takes time to arise. */
const now = { stores: new TestStores() };

for (const [name, make] of Object.entries(GARBAGE)) {
  Deno.test(`collectCandidates() removes all that is left of ${name}`, async () => {
    const stores = now.stores = new TestStores();
    const process = stores.registry(OPTIONS);
    await make(process.registry, process);
    // Of two candidates that remove the same epoch at once, one is looked at again.
    await collectDue(stores, process, 3);
    await assertNothing(stores);
  });
}

Deno.test("collectCandidates() removes the marks of tags that were moved and deleted", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry, "moved", "deleted", "stays");
  await pushManifest(process.registry, IMAGE_TWO, "moved");
  await process.registry.deleteTag(REPOSITORY, tag("deleted"));
  const removals = await collectDue(stores, process);
  const marks = removals.filter(({ kind }) => kind === "tag mark").map(({ name }) => name).sort();
  assertEquals(marks, [`${digest(IMAGE_ONE)}#deleted`, `${digest(IMAGE_ONE)}#moved`]);
  await process.registry.getManifest(REPOSITORY, { tag: tag("stays") });
  await assertConsistent(stores);
  assertEquals(await candidatesIn(stores), []);
});

Deno.test("collectCandidates() drops a candidate only when the tag that points at nothing is deleted", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  await pushImage(registry, "a");
  const tags = (await stores.items()).filter(({ sk }) => sk.startsWith("tag"));
  await registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  await stores.table.putMany(tags);
  const deleted: string[] = [];
  const before = async (method: string, [key]: unknown[]) => {
    if (method !== "delete" || (key as Key).sk !== "tag#a") return;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
  };
  const table = hooked(stores.table, before, (method, [key]) => {
    const { sk } = key as Key;
    if (method === "delete" && sk === "tag#a") deleted.push("tag");
    if (method === "delete" && sk.includes("#manifest#")) deleted.push("candidate");
  });
  await collectDue(stores, stores.registry({ ...OPTIONS, table }));
  assertEquals(deleted, ["tag", "candidate"]);
});

Deno.test("collectCandidates() does nothing before the grace period is over", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry, "a");
  stores.now += OPTIONS.grace; // old, but it was needed until now
  await process.registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  stores.now += OPTIONS.grace;
  assertEquals(await process.collectCandidates(), { candidates: 0, late: 0 });
  await process.registry.statBlob(REPOSITORY, digest(LAYER));
});

Deno.test("collectCandidates() returns later to content that was used within the grace period", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  await process.registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  stores.now += OPTIONS.grace * 0.75;
  await process.registry.statBlob(REPOSITORY, digest(LAYER)); // renews the link
  stores.now += OPTIONS.grace * 0.5;
  await process.collectCandidates();
  assertEquals(await readBlob(process.registry, digest(LAYER)), LAYER);
  await assertRejects(() => process.registry.statBlob(REPOSITORY, digest(CONFIG)), RegistryError);
  await collectDue(stores, process, 2);
  await assertNothing(stores);
});

Deno.test("collectCandidates() keeps content that another manifest, another repository or a new push needs", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  const { registry } = process;
  await pushImage(registry, "a");
  await pushManifest(registry, IMAGE_TWO, "b");
  await registry.mountBlob(OTHER, UNRESTRICTED_CALLER, digest(LAYER), REPOSITORY);
  await registry.putManifest(OTHER, UNRESTRICTED_CALLER, {
    bytes: imageOf(LAYER, []),
    contentType: IMAGE,
    reference: { tag: tag("c") },
    tags: [],
    condition: {},
  });
  await registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  const removals = await collectDue(stores, process, 2);
  assertEquals(removals.filter(({ kind }) => kind === "link" || kind === "blob").map(({ name }) => name), [
    digest(LAYER),
  ]);
  assertEquals(await readBlob(registry, digest(LAYER), OTHER), LAYER);
  assertEquals(await readBlob(registry, digest(CONFIG)), CONFIG);
  await assertConsistent(stores);
});

Deno.test("deleteManifest() leaves one candidate after many pushes and deletes of one manifest", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  for (let time = 0; time < 20; time++) {
    await pushImage(registry);
    await registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  }
  assertEquals((await candidatesIn(stores)).length, 1);
});

Deno.test("deleteManifest() leaves candidates that an item can hold for a manifest with very many references", async () => {
  const stores = new TestStores();
  const process = stores.registry({ ...OPTIONS, references: "sparse" });
  const many = Array.from({ length: 2500 }, (_, i) => new Uint8Array([i & 255, i >> 8]));
  await pushManifest(process.registry, imageOf(CONFIG, many));
  await process.registry.deleteManifest(REPOSITORY, digest(imageOf(CONFIG, many)));
  const candidates = (await stores.items()).filter(({ pk }) => pk.startsWith(GARBAGE_PREFIX));
  assertEquals(candidates.length, 3);
  for (const { attributes } of candidates) assert(JSON.stringify(attributes).length < 200_000);
  await collectDue(stores, process, 2);
  await assertNothing(stores);
});

Deno.test("collectCandidates() looks at all others where a look at one fails, and at that one again", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  const blobs = Array.from({ length: 40 }, (_, seed) => content(9, seed));
  for (const bytes of blobs) await pushBlob(process.registry, bytes);
  for (const bytes of blobs) await process.registry.deleteBlob(REPOSITORY, digest(bytes));
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace;
  await process.sweep();
  const bad = digest(blobs[7]!);
  const table = hooked(stores.table, (method, [key]) => {
    if (method === "put" && (key as { pk: string }).pk === `blob#${bad}`) throw new Error("Out of order");
  });
  await assertRejects(() => stores.registry({ ...OPTIONS, table }).collectCandidates(), AggregateError);
  assertEquals((await stores.keys()).length, 1);
  await collectDue(stores, process);
  await assertNothing(stores);
});

Deno.test("collectCandidates() shares the work: one process has a shard at a time, until it must be dead", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushImage(process.registry);
  await process.registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
  stores.now += OPTIONS.grace * 2;
  const { isReached, ...mortal } = dyingStores(stores, "delete");
  await stores.registry({ ...OPTIONS, ...mortal }).collectCandidates().catch(() => {});
  assertEquals(isReached(), true);
  assertEquals((await process.collectCandidates()).candidates, 0);
  stores.now += OPTIONS.grace / 4;
  assertEquals((await process.collectCandidates()).candidates, 1);
});

/** Leaves so many candidates that are due, each of a blob, in a repository that stays. */
async function leaveMany(stores: TestStores, registry: Registry, count: number): Promise<void> {
  await pushImage(registry);
  for (let seed = 0; seed < count; seed++) {
    const blob = await pushBlob(registry, new TextEncoder().encode(`blob ${seed}`));
    await registry.deleteBlob(REPOSITORY, blob);
  }
  stores.now += OPTIONS.grace * 10;
}

for (const [count, steps] of [[20, 1], [32, 1], [60, 2]] as const) {
  Deno.test(`collectCandidates() takes ${count} candidates of all shards in ${steps} step(s), and ends its leases`, async () => {
    const stores = new TestStores();
    let pauses = 0;
    const sleep = () => Promise.resolve(void pauses++);
    const process = stores.registry({ ...OPTIONS, sleep });
    await leaveMany(stores, process.registry, count);
    assertEquals((await process.collectCandidates()).candidates, count);
    assertEquals(pauses, steps);
    const leases = (await stores.items()).filter(({ pk, sk }) =>
      pk === COLLECTION && sk.startsWith(GARBAGE_PREFIX)
    );
    assert(leases.length > 1);
    assertEquals(leases.filter(({ attributes }) => attributes.claimedUntil !== 0), []);
  });
}

Deno.test("collectCandidates() pauses beside requests for at least half of each step, even if it is late", async () => {
  const stores = new TestStores();
  const pauses: number[] = [];
  const sleep = (milliseconds: number) => Promise.resolve(void pauses.push(milliseconds));
  const table = hooked(stores.table, (method, [key]) => {
    if (method === "delete" && (key as Key).pk.startsWith(GARBAGE_PREFIX)) stores.now++;
  });
  const process = stores.registry({ ...OPTIONS, sleep, table });
  await leaveMany(stores, process.registry, 20);
  await process.collectCandidates();
  // After its writes, and a moment after the step.
  assertEquals(pauses, [10, 1]);
});

Deno.test("collectCandidates() does nothing when it is stopped before it begins", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await leaveMany(stores, process.registry, 1);
  assertEquals((await process.collectCandidates({ stopped: () => true })).candidates, 0);
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`collectCandidates() that dies ${moment} any storage call loses nothing and is finished by the next one`, async () => {
    for (let at = 1, dead = true; dead; at++) {
      const stores = new TestStores();
      const process = stores.registry(OPTIONS);
      await pushImage(process.registry, "a");
      await pushManifest(process.registry, IMAGE_TWO, "b");
      await process.registry.deleteManifest(REPOSITORY, digest(IMAGE_ONE));
      stores.now += OPTIONS.uploadExpiry + OPTIONS.grace;
      const { isReached, ...mortal } = dyingStores(stores, at, moment);
      await stores.registry({ ...OPTIONS, ...mortal }).collectCandidates().catch(() => {});
      dead = isReached();
      await assertConsistent(stores);
      await collectDue(stores, process, 3);
      await assertConsistent(stores);
      assertEquals(await readBlob(process.registry, digest(CONFIG)), CONFIG);
      assertEquals((await stores.keys()).length, 1);
      assertEquals(await candidatesIn(stores), []);
    }
  });
}
