import { assertEquals } from "@std/assert";
import type { Digest } from "../../oci/mod.ts";
import { codeOf, CONFIG, imageOfSize, LAYER } from "../../tests/harness/images.ts";
import { assertConsistent, assertNothingLeft } from "../../tests/harness/invariants.ts";
import { dyingStores, interruptedStores, type Moment } from "../../tests/harness/moments.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  indexOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import type { StoredRegistry } from "../mod.ts";
import type { RetentionRule } from "./retention_rules.ts";

const OPTIONS = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };
const RULES: RetentionRule[] = [{ repositories: ["**"], keepTags: [{ tags: ["kept"] }], untaggedFor: 5000 }];
const SUBJECT = { mediaType: IMAGE, digest: digest(content(3)), size: 3 };
const CHILD = imageOf(CONFIG, [], { subject: SUBJECT });
const INDEX = indexOf([CHILD]);

async function retainAll({ retain }: Pick<StoredRegistry, "retain">): Promise<string[]> {
  return (await Array.fromAsync(retain(RULES))).map(({ kind, name }) => `${kind} ${name}`);
}

/** A registry with a manifest that may go, marked for it already: the next retention removes it. */
async function withMarked() {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushBlob(process.registry, CONFIG);
  await pushManifest(process.registry, CHILD);
  stores.now += 5001;
  assertEquals(await retainAll(process), [`manifest ${digest(CHILD)}`]);
  stores.now += OPTIONS.grace + 1;
  return { stores, ...process };
}

/** A process whose retention comes to a call of `method` for an item of this kind when `then` happens once. */
function interrupted(stores: TestStores, method: string, kind: string, then: () => Promise<unknown>) {
  let reached = false;
  const table = hooked(stores.table, async (called, [key]) => {
    if (called !== method || reached || !(key as { sk?: string }).sk?.startsWith(`${kind}#`)) return;
    reached = true;
    await then();
  });
  return { ...stores.registry({ ...OPTIONS, table }), isReached: () => reached };
}

async function assertThere(process: StoredRegistry, manifest: Uint8Array<ArrayBuffer>): Promise<void> {
  const reference = { digest: digest(manifest) };
  assertEquals((await process.registry.getManifest(REPOSITORY, reference)).bytes, manifest);
}

async function referrersOf(process: StoredRegistry, subject: Digest): Promise<string[]> {
  const { items } = await process.registry.listReferrers(REPOSITORY, subject, { artifactTypes: [] });
  return items.map((item) => item.digest);
}

Deno.test("retain() leaves a tag that is pushed between its look and its delete", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushBlob(process.registry, CONFIG);
  await pushManifest(process.registry, CHILD, "a", "b");
  const late = interrupted(stores, "delete", "tag", () => pushManifest(process.registry, CHILD, "a"));
  assertEquals(await retainAll(late), ["tag b"]);
  assertEquals(late.isReached(), true);
  assertEquals((await process.registry.listTags(REPOSITORY, {})).items, [tag("a")]);
});

const PUSHES: [string, (process: StoredRegistry) => Promise<unknown>][] = [
  ["an index of it is pushed", ({ registry }) => pushManifest(registry, INDEX, "kept")],
  ["a tag of it is pushed", ({ registry }) => pushManifest(registry, CHILD, "kept")],
  ["it is pushed again", ({ registry }) => pushManifest(registry, CHILD)],
  ["it is asked for", ({ registry }) => registry.getManifest(REPOSITORY, { digest: digest(CHILD) })],
];

for (const [title, push] of PUSHES) {
  Deno.test(`retain() leaves a manifest whole when ${title} between its look and its delete`, async () => {
    const { stores, ...process } = await withMarked();
    const late = interrupted(stores, "delete", "manifest", () => push(process));
    assertEquals(await retainAll(late), []);
    assertEquals(late.isReached(), true);
    assertEquals(await referrersOf(process, SUBJECT.digest), [digest(CHILD)]);
    await assertThere(process, CHILD);
    await assertConsistent(stores);
  });

  Deno.test(`retain() begins anew with a manifest when ${title} after it was marked`, async () => {
    const { stores, ...process } = await withMarked();
    await push(process);
    assertEquals(await retainAll(process), []);
    stores.now += 4000;
    assertEquals(await retainAll(process), []);
    await assertThere(process, CHILD);
    await assertConsistent(stores);
  });
}

/**
 * Runs a retention in which `meanwhile` happens once, at each of its storage calls in turn, and looks at what is there
 * then. `set` makes a registry with something that goes.
 */
async function retainAtAnyCall(
  set: () => Promise<{ stores: TestStores } & StoredRegistry>,
  meanwhile: (process: StoredRegistry) => Promise<unknown>,
  look: (process: StoredRegistry, isDone: boolean) => Promise<void>,
): Promise<void> {
  const moments: Moment[] = ["before", "after"];
  for (const moment of moments) {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, ...process } = await set();
      let isDone = false;
      const { isReached, ...watched } = interruptedStores(stores, at, moment, async () => {
        isDone = await meanwhile(process).then(() => true, () => false);
      });
      await retainAll(stores.registry({ ...OPTIONS, ...watched }));
      reached = isReached();
      await look(process, isDone);
      await assertConsistent(stores);
      assertEquals(at < 200, true);
    }
  }
}

for (const [title, push] of PUSHES) {
  Deno.test(`retain() takes no manifest away from under it when ${title} at any of its calls`, async () => {
    await retainAtAnyCall(withMarked, push, async (process, isDone) => {
      if (isDone) await assertThere(process, CHILD);
    });
  });
}

Deno.test("retain() takes no tag that is moved at any of its calls", async () => {
  const moved = imageOf(CONFIG, []);
  const set = async () => {
    const stores = new TestStores();
    const process = stores.registry(OPTIONS);
    await pushBlob(process.registry, CONFIG);
    await pushManifest(process.registry, CHILD, "a");
    return { stores, ...process };
  };
  let lookedBefore = 0;
  await retainAtAnyCall(
    set,
    ({ registry }) => pushManifest(registry, moved, "a"),
    async ({ registry }, isDone) => {
      if (!isDone) return;
      const { items } = await registry.listTags(REPOSITORY, {});
      // A retention that looks only after the push may take what it sees.
      if (items.length === 0) lookedBefore++;
      else assertEquals(await registry.resolveTag(REPOSITORY, tag("a")), digest(moved));
    },
  );
  // Reading the repositories, and the tags: before each of the two, and after the first.
  assertEquals(lookedBefore, 3);
});

Deno.test("retain() leaves the child of an index whose push read it before the mark", async () => {
  const stores = new TestStores();
  const process = stores.registry(OPTIONS);
  await pushBlob(process.registry, CONFIG);
  await pushManifest(process.registry, CHILD);
  stores.now += 5001;
  // The push has read the child and is about to put the index.
  const pusher = interrupted(stores, "put", "manifest", () => retainAll(process));
  await pushManifest(pusher.registry, INDEX, "kept");
  assertEquals(pusher.isReached(), true);
  stores.now += OPTIONS.grace + 1;
  assertEquals(await retainAll(process), []);
  const items = await stores.items();
  assertEquals(items.filter(({ attributes }) => attributes.condemnedAt !== undefined), []);
  await assertThere(process, CHILD);
  await assertConsistent(stores);
});

Deno.test("putManifest() refuses an index whose child a retention takes before it can be kept", async () => {
  const { stores, ...process } = await withMarked();
  const pusher = interrupted(stores, "put", "manifest", () => retainAll(process));
  assertEquals(await codeOf(() => pushManifest(pusher.registry, INDEX, "kept")), "MANIFEST_BLOB_UNKNOWN");
  assertEquals(pusher.isReached(), true);
  await assertConsistent(stores);
});

Deno.test("getManifest() answers 404 where a retention takes the manifest before it can be kept", async () => {
  const { stores, ...process } = await withMarked();
  const reader = interrupted(stores, "put", "manifest", () => retainAll(process));
  const reference = { digest: digest(CHILD) };
  assertEquals(await codeOf(() => reader.registry.getManifest(REPOSITORY, reference)), "MANIFEST_UNKNOWN");
  assertEquals(reader.isReached(), true);
});

Deno.test("getManifest() leaves the mark where nothing may be written", async () => {
  const { stores } = await withMarked();
  const { registry } = stores.registry({ ...OPTIONS, touch: false });
  const before = await stores.items();
  await registry.getManifest(REPOSITORY, { digest: digest(CHILD) });
  assertEquals(await stores.items(), before);
});

Deno.test("retain() waits with a child whose time has come for an index whose mark is younger", async () => {
  const { stores, ...process } = await withMarked();
  await pushManifest(process.registry, INDEX);
  stores.now += 5001;
  assertEquals((await retainAll(process)).length, 2);
  await process.registry.getManifest(REPOSITORY, { digest: digest(INDEX) });
  stores.now += 5001;
  assertEquals((await retainAll(process)).length, 2);
  await assertThere(process, CHILD);
  await assertConsistent(stores);
});

Deno.test("retain() removes an index before its child", async () => {
  const { stores, ...process } = await withMarked();
  await pushManifest(process.registry, INDEX);
  stores.now += 5001;
  assertEquals((await retainAll(process)).length, 2);
  stores.now += OPTIONS.grace + 1;
  const order: string[] = [];
  const table = hooked(stores.table, (method, [key]) => {
    const { sk = "" } = key as { sk?: string };
    if (method === "delete" && sk.startsWith("manifest#")) order.push(sk.slice("manifest#".length));
  });
  await retainAll(stores.registry({ ...OPTIONS, table }));
  assertEquals(order, [digest(INDEX), digest(CHILD)]);
});

Deno.test("retain() by two processes at once removes each thing once", async () => {
  const { stores, ...process } = await withMarked();
  const gone = (await Promise.all([retainAll(process), retainAll(stores.registry(OPTIONS))])).flat();
  assertEquals(gone, [`manifest ${digest(CHILD)}`]);
});

/** Retention and collection, again and again until nothing more can go. */
async function settle(stores: TestStores, process: StoredRegistry): Promise<void> {
  for (let run = 0; run < 4; run++) {
    stores.now += OPTIONS.grace + 1;
    await retainAll(process);
  }
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  await process.sweep();
}

for (const moment of ["before", "after"] as const) {
  Deno.test(`retain() that dies ${moment} any storage call is finished by later ones`, async () => {
    const large = imageOfSize(300_000);
    for (let at = 1, dead = true; dead; at++) {
      const stores = new TestStores();
      const process = stores.registry(OPTIONS);
      await pushBlob(process.registry, CONFIG);
      await pushBlob(process.registry, LAYER);
      await pushManifest(process.registry, CHILD);
      await pushManifest(process.registry, large, "large");
      await pushManifest(process.registry, INDEX, "a");
      const kept = imageOf(CONFIG, [LAYER]);
      await pushManifest(process.registry, kept, "kept", "b");
      stores.now += OPTIONS.uploadExpiry + 1;
      await process.sweep();
      const { isReached, ...mortal } = dyingStores(stores, at, moment);
      const dying = stores.registry({ ...OPTIONS, ...mortal });
      // Two runs of one life: the marks, and the removal.
      for (let run = 0; run < 2; run++) {
        await retainAll(dying).catch(() => {});
        await assertConsistent(stores);
        stores.now += OPTIONS.grace + 1;
      }
      dead = isReached();
      await settle(stores, process);
      const left = (await stores.items()).map(({ sk }) => sk).filter((sk) => /^(manifest|tag)#/.test(sk));
      assertEquals(left.sort(), [`manifest#${digest(kept)}`, "tag#kept"], `${moment} ${at}`);
      await assertThere(process, kept);
      await assertConsistent(stores);
      await assertNothingLeft(stores);
      assertEquals(at < 500, true);
    }
  });
}
