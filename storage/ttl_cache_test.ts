import { assertEquals, assertRejects } from "@std/assert";
import { TtlCache, type TtlCacheOptions } from "./ttl_cache.ts";
import { recording } from "../telemetry/testing/recording.ts";

interface Fact {
  value: number;
}

/** A memory with a clock of its own, and how often it had to read. */
function setUp(options: Partial<TtlCacheOptions<Fact>> = {}) {
  const clock = { now: 1000 };
  const facts = new TtlCache<Fact>({ age: 100, count: 10, now: () => clock.now, ...options });
  let reads = 0;
  const read = () => Promise.resolve({ value: ++reads });
  return {
    clock,
    facts,
    get: async (key: string, epoch = "e1") => (await facts.get(key, read, epoch)).value,
  };
}

/** A read that ends when the test says so. */
function pending() {
  const { promise, resolve, reject } = Promise.withResolvers<Fact>();
  return { read: () => promise, resolve, reject };
}

Deno.test("get() remembers for the age and not longer", async () => {
  const { clock, get } = setUp();
  assertEquals(await get("a"), 1);
  clock.now += 100;
  assertEquals(await get("a"), 1);
  clock.now += 1;
  assertEquals(await get("a"), 2);
});

Deno.test("get() counts the age from the start of the read", async () => {
  const { clock, facts, get } = setUp();
  const slow = pending();
  const first = facts.get("a", slow.read, "e1");
  clock.now += 80;
  slow.resolve({ value: 9 });
  await first;
  clock.now += 20;
  assertEquals(await get("a"), 9);
  clock.now += 1;
  assertEquals(await get("a"), 1);
});

Deno.test("get() shares one read among concurrent calls", async () => {
  const { facts, get } = setUp();
  const slow = pending();
  const first = facts.get("a", slow.read, "e1");
  const second = get("a");
  slow.resolve({ value: 9 });
  assertEquals([(await first).value, await second], [9, 9]);
});

Deno.test("get() does not remember that something is not there", async () => {
  const { facts, get } = setUp();
  await assertRejects(
    async () => await facts.get("a", () => Promise.reject(new Error("not there")), "e1"),
    Error,
    "not there",
  );
  assertEquals(await get("a"), 1);
});

Deno.test("get() reads again when a read that began before it finds nothing", async () => {
  const { facts, get } = setUp();
  const early = pending();
  const first = facts.get("a", early.read, "e1");
  const later = get("a"); // After, say, a push.
  early.reject(new Error("not there"));
  await assertRejects(async () => await first, Error, "not there");
  assertEquals(await later, 1);
});

Deno.test("drop() removes a cached value", async () => {
  const { facts, get } = setUp();
  await get("a");
  facts.drop("a");
  assertEquals(await get("a"), 2);
});

Deno.test("drop() keeps a read that is under way from being remembered or shared", async () => {
  const { facts, get } = setUp();
  const before = pending();
  const first = facts.get("a", before.read, "e1");
  facts.drop("a");
  assertEquals(await get("a"), 1);
  before.resolve({ value: 9 });
  assertEquals((await first).value, 9);
  assertEquals(await get("a"), 1);
});

Deno.test("get() caches at most the configured count", async () => {
  const { get } = setUp({ count: 2 });
  for (const key of ["a", "b", "a", "c"]) await get(key);
  assertEquals(await get("a"), 1);
  assertEquals(await get("b"), 4);
});

Deno.test("get() caches at most the configured weight, and no value that is too heavy", async () => {
  const weights: Record<number, number> = { 1: 6, 2: 4, 3: 1, 4: 7 };
  const { get } = setUp({ weight: 10, heaviest: 6, weigh: ({ value }) => weights[value] ?? 1 });
  for (const key of ["a", "b", "c"]) await get(key);
  assertEquals(await get("b"), 2);
  assertEquals(await get("a"), 4); // It had made room for "c", and weighs too much now.
  assertEquals(await get("a"), 5);
});

Deno.test("get() does not cache a value that was read in another epoch", async () => {
  const { get } = setUp();
  assertEquals([await get("a", "e1"), await get("a", "e2"), await get("a", "e2")], [1, 2, 2]);
  // No epoch comes back, but it is compared by its value alone, whichever is newer.
  assertEquals(await get("a", "e1"), 3);
});

Deno.test("get() does not share a read that began in another epoch, and caches it only under its own", async () => {
  const { facts, get } = setUp();
  const early = pending();
  const first = facts.get("a", early.read, "e1");
  assertEquals(await get("a", "e2"), 1);
  early.resolve({ value: 9 });
  assertEquals((await first).value, 9);
  assertEquals(await get("a", "e2"), 1);
});

Deno.test("get() reports hits and misses of a cache with a name to telemetry", async () => {
  using events = recording();
  const { get } = setUp({ name: "manifests" });
  await get("a");
  await get("a");
  await get("a", "e2");
  assertEquals(events.take(), [
    "cacheRead manifests false",
    "cacheRead manifests true",
    "cacheRead manifests false",
  ]);
  await setUp().get("a");
  assertEquals(events.take(), []);
});
