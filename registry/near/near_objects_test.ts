import { assertEquals } from "@std/assert";
import { MemoryObjectStore, readAll } from "../../storage/mod.ts";
import { content } from "../../tests/harness/stores.ts";
import { nearObjects, type ReplicaObjects } from "./mod.ts";

const KEY = "blobs/a";
const BYTES = content(20, 1);
const HOUR_MS = 60 * 60_000;

/** A home store with one object, and a replica without any; both have URLs. */
async function setUp({ replicationTime = 0, redirects = true } = {}) {
  const home = Object.assign(new MemoryObjectStore(), {
    url: (key: string) => Promise.resolve(`https://home.example.com/${key}`),
  });
  await home.put(KEY, BYTES);
  const objects = new MemoryObjectStore();
  let asked = 0;
  let failure: Error | undefined;
  const replica: ReplicaObjects = {
    async get(key, range) {
      if (failure) throw failure;
      return await objects.get(key, range);
    },
    async size(key) {
      asked++;
      if (failure) throw failure;
      return await objects.size(key);
    },
    url: (key) => Promise.resolve(`https://near.example.com/${key}`),
  };
  const clock = { now: 1_700_000_000_000 };
  const reads = nearObjects(home, {
    replicas: { read: async (read) => await read(replica).catch(() => undefined) },
    replicationTime,
    redirects,
    now: () => clock.now,
  });
  return {
    home,
    objects,
    clock,
    reads,
    asked: () => asked,
    fail: () => failure = new Error("down"),
    read: async (range?: { first: number; last: number }) => {
      const found = await reads.get(KEY, range);
      return found && [...await readAll(found.body)];
    },
    hostOf: async (writtenAt = clock.now) => new URL((await reads.url!(KEY, writtenAt))!).hostname,
  };
}

Deno.test("get() reads at the replica, and at home when the replica lacks the object or fails", async () => {
  const { home, objects, read, fail } = await setUp();
  assertEquals(await read({ first: 2, last: 4 }), [...BYTES.slice(2, 5)]);
  await objects.put(KEY, BYTES);
  await home.delete([KEY]);
  assertEquals(await read({ first: 2, last: 4 }), [...BYTES.slice(2, 5)]);
  await home.put(KEY, BYTES);
  fail();
  assertEquals(await read(), [...BYTES]);
  await home.delete([KEY]);
  assertEquals(await read(), undefined);
});

Deno.test("url() is that of the replica when the object was seen there, for which it asks once", async () => {
  const { objects, hostOf, asked } = await setUp();
  assertEquals([await hostOf(), asked()], ["home.example.com", 1]);
  await objects.put(KEY, BYTES);
  assertEquals([await hostOf(), asked()], ["near.example.com", 2]);
  assertEquals([await hostOf(), asked()], ["near.example.com", 2]);
});

Deno.test("url() is that of home when the replica fails or clients have another address", async () => {
  const failing = await setUp();
  await failing.objects.put(KEY, BYTES);
  failing.fail();
  assertEquals(await failing.hostOf(), "home.example.com");
  const elsewhere = await setUp({ redirects: false });
  await elsewhere.objects.put(KEY, BYTES);
  assertEquals([await elsewhere.hostOf(), elsewhere.asked()], ["home.example.com", 0]);
});

Deno.test("url() is that of the replica without a request when the object is old enough, clocks included", async () => {
  const { clock, hostOf, asked } = await setUp({ replicationTime: HOUR_MS });
  const writtenAt = clock.now;
  clock.now += HOUR_MS + 5 * 60_000;
  assertEquals([await hostOf(writtenAt), asked()], ["home.example.com", 1]);
  clock.now += 1;
  assertEquals([await hostOf(writtenAt), asked()], ["near.example.com", 1]);
});
