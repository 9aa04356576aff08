import { assertEquals, assertRejects } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import { type Item, MemoryObjectStore, readAll } from "../../storage/mod.ts";
import { imageOfSize, withBlobs } from "../../tests/harness/images.ts";
import { laggingTable } from "../../tests/harness/lagging.ts";
import {
  content,
  digest,
  hooked,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
} from "../../tests/harness/stores.ts";
import { CONFIG, LAYER } from "../../tests/harness/images.ts";
import { manifestKey } from "../items/mod.ts";
import { nearObjects, nearReads, type ReplicaTable } from "./mod.ts";

const GRACE_MS = 24 * 60 * 60_000;
const FIRST = imageOf(CONFIG, [LAYER]);
const SECOND = imageOf(CONFIG, []);

/** A registry with two blobs, and one over it that reads replicas: the table as it was at the last `replicate()`. */
async function setUp() {
  const { stores } = await withBlobs();
  const calls: string[] = [];
  const table = hooked(stores.table, (method) => void calls.push(method));
  const stored = stores.registry({ table });
  const home = cached(stored.registry, stored.epochs);
  let items: readonly Item[] = [];
  let replica: ReplicaTable | undefined = { getMany: (keys) => laggingTable(table, items).getMany(keys) };
  const objects = new MemoryObjectStore();
  const near = nearReads(home, {
    tables: { read: async (read) => replica && await read(replica) },
    objects: nearObjects(stores.objects, {
      replicas: { read: (read) => read(objects) },
      replicationTime: 0,
      redirects: true,
    }),
    grace: GRACE_MS,
    deadline: 60_000,
    now: () => stores.now,
  });
  return {
    stores,
    stored,
    home,
    near,
    objects,
    /** Calls of the home table by a read. */
    async callsOf(read: () => Promise<unknown>) {
      calls.length = 0;
      await read();
      return [...calls];
    },
    replicate: async () => void (items = await stores.items()),
    fail: () => replica = undefined,
    targetOf: async (exact = false) =>
      (await near.getManifest(REPOSITORY, { tag: tag("a") }, { exact })).digest,
  };
}

Deno.test("getManifest() answers as the replica is, and HEAD as home is", async () => {
  const { home, replicate, callsOf, targetOf } = await setUp();
  await pushManifest(home, FIRST, "a");
  await replicate();
  await pushManifest(home, SECOND, "a");
  assertEquals(await targetOf(), digest(FIRST));
  assertEquals(await callsOf(targetOf), []);
  assertEquals(await targetOf(true), digest(SECOND));
  await replicate();
  assertEquals(await targetOf(), digest(SECOND));
});

Deno.test("getManifest() asks home when the replica lacks the manifest, and answers 404 as home does", async () => {
  const { home, near, replicate, fail, targetOf } = await setUp();
  const get = (bytes: Uint8Array) => near.getManifest(REPOSITORY, { digest: digest(bytes) });
  await assertRejects(() => get(FIRST), RegistryError, "Manifest not found");
  await pushManifest(home, FIRST, "a");
  assertEquals(await targetOf(), digest(FIRST));
  assertEquals((await get(FIRST)).bytes, FIRST);
  await replicate();
  await home.deleteManifest(REPOSITORY, digest(FIRST));
  assertEquals((await get(FIRST)).bytes, FIRST); // until the delete has arrived
  fail();
  await assertRejects(() => get(FIRST), RegistryError, "Manifest not found");
});

Deno.test("getManifest() forgets answers of a replica", async () => {
  const { home, near, replicate } = await setUp();
  await pushManifest(home, FIRST, "a");
  await replicate();
  const get = () => near.getManifest(REPOSITORY, { digest: digest(FIRST) });
  await get();
  await home.deleteManifest(REPOSITORY, digest(FIRST));
  await replicate();
  await assertRejects(get, RegistryError, "Manifest not found");
});

Deno.test("getManifest() asks home for a tag whose manifest has not arrived or has gone", async () => {
  const { stores, home, near, targetOf } = await setUp();
  await pushManifest(home, FIRST, "a");
  await pushManifest(home, SECOND, "b");
  const gone = manifestKey(REPOSITORY, digest(FIRST)).sk;
  const partly = (await stores.items()).filter(({ sk }) => sk !== gone);
  const read = nearReads(home, {
    tables: { read: (read) => read(laggingTable(stores.table, partly)) },
    objects: nearObjects(stores.objects, {
      replicas: { read: () => Promise.resolve(undefined) },
      replicationTime: 0,
      redirects: false,
    }),
    grace: GRACE_MS,
    deadline: 60_000,
    now: () => stores.now,
  });
  assertEquals((await read.getManifest(REPOSITORY, { tag: tag("a") })).digest, digest(FIRST));
  assertEquals((await near.getManifest(REPOSITORY, { tag: tag("b") })).digest, digest(SECOND));
  assertEquals(await targetOf(), digest(FIRST));
});

Deno.test("getManifest() asks home for a large manifest, and for a condemned one to revoke that", async () => {
  const { stores, stored, home, near, replicate, callsOf } = await setUp();
  const large = imageOfSize(300_000);
  await pushManifest(home, large);
  await pushManifest(home, FIRST);
  stores.now += GRACE_MS + 1;
  await Array.fromAsync(stored.retain([{ repositories: ["**"], untaggedFor: 0 }]));
  await replicate();
  assertEquals((await near.getManifest(REPOSITORY, { digest: digest(large) })).bytes, large);
  const calls = await callsOf(() => near.getManifest(REPOSITORY, { digest: digest(FIRST) }));
  assertEquals(calls.includes("put"), true);
});

Deno.test("getBlob() reads items and bytes at replicas, and at home when they lack it", async () => {
  const { stores, home, near, objects, replicate, callsOf } = await setUp();
  const bytes = content(30, 5);
  const blob = await pushBlob(home, bytes);
  assertEquals(await readBlob(near, blob), bytes);
  await replicate();
  assertEquals(await callsOf(() => readBlob(near, blob)), []);
  for (const key of await stores.keys()) await objects.put(key, content(30, 6));
  assertEquals(await readBlob(near, blob), content(30, 6));
  await home.deleteBlob(REPOSITORY, blob);
  assertEquals(await readBlob(near, blob), content(30, 6)); // until the delete has arrived
  await replicate();
  await assertRejects(() => readBlob(near, blob), RegistryError, "Blob not found");
});

Deno.test("getBlob() asks home for a young link beside an old blob", async () => {
  const { stores, home, near, replicate, callsOf } = await setUp();
  const bytes = content(30, 5);
  const blob = await pushBlob(home, bytes);
  stores.now += GRACE_MS + 60 * 60_000;
  await replicate();
  assertEquals(await callsOf(() => readBlob(near, blob)), []);
  await pushBlob(home, bytes); // renews the link
  await replicate();
  assertEquals((await callsOf(() => readBlob(near, blob))).length > 0, true);
});

Deno.test("getBlob() finds the blob that was collected and pushed again since the replica's state", async () => {
  const { stores, stored, home, near, replicate } = await setUp();
  const bytes = content(30, 5);
  const blob = await pushBlob(home, bytes);
  stores.now += GRACE_MS + 60 * 60_000;
  await replicate();
  const reader = await near.getBlob(REPOSITORY, blob);
  await home.deleteBlob(REPOSITORY, blob);
  await stored.collect();
  await assertRejects(() => reader.open(), RegistryError, "Blob not found");
  await pushBlob(home, bytes);
  assertEquals(await readAll(await reader.open()), bytes);
});
