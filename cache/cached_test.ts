import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import {
  type Digest,
  parseDigest,
  parseRepositoryName,
  type Reference,
  RegistryError,
  type RepositoryName,
  type Tag,
} from "../oci/mod.ts";
import { UnavailableError } from "../storage/ports.ts";
import type { BlobReader, Registry } from "../registry/interface.ts";
import { cached, type CacheOptions, createCache } from "./cached.ts";

const REPOSITORY = parseRepositoryName("library/debian");
const OTHER = parseRepositoryName("library/alpine");
const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const MOVED = parseDigest(`sha256:${"b".repeat(64)}`);
const TAG = "latest" as Tag;

const gone = () => Promise.reject(new RegistryError("MANIFEST_UNKNOWN", "Manifest is not known"));
const blobGone = () => Promise.reject(new RegistryError("BLOB_UNKNOWN", "Blob is not known"));

/** A blob too large for the cache of bytes. */
function large(digest: Digest, open: BlobReader["open"] = () => Promise.resolve(new ReadableStream())) {
  return { digest, size: 1_000_000, open };
}

/** A small blob, which notes each time that it is opened. */
function small(text: string, opened: () => void) {
  const bytes = new TextEncoder().encode(text);
  const digest = parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  const open = () => {
    opened();
    return Promise.resolve(new Blob([bytes]).stream());
  };
  return { digest, size: bytes.length, open };
}

/**
 * A cached registry over one that notes every call, with a clock that stands still. Deletions, also those of other
 * processes, are for the test to make: by another `epoch`.
 */
function setUp(overrides: Partial<Registry> = {}, { age = 0 }: Pick<CacheOptions, "age"> = {}) {
  const calls: string[] = [];
  const clock = { now: 1 };
  const state = { epoch: "first", epochReads: 0 };
  const epochs = {
    read() {
      state.epochReads++;
      return Promise.resolve(state.epoch);
    },
    async readWithTag(repository: RepositoryName, tag: Tag) {
      const [digest, epoch] = await Promise.all([inner.resolveTag!(repository, tag), epochs.read()]);
      return { digest, epoch };
    },
    mostAge: 100,
  };
  const name = (reference: Reference) => "tag" in reference ? reference.tag : reference.digest.slice(7, 8);
  const inner: Partial<Registry> = {
    getManifest(repository, reference) {
      calls.push(`getManifest ${repository} ${name(reference)}`);
      const digest = "digest" in reference ? reference.digest : MOVED;
      return Promise.resolve({ digest, mediaType: "application/json", bytes: new Uint8Array(8) });
    },
    resolveTag(repository, tag) {
      calls.push(`resolveTag ${repository} ${tag}`);
      return Promise.resolve(DIGEST);
    },
    statBlob(repository, digest) {
      calls.push(`statBlob ${repository}`);
      return Promise.resolve(large(digest));
    },
    getBlob(repository, digest) {
      calls.push(`getBlob ${repository}`);
      return Promise.resolve(large(digest));
    },
    deleteManifest: () => Promise.resolve(),
    deleteBlob: () => Promise.resolve(),
    ...overrides,
  };
  const registry = cached(inner as Registry, epochs, { age, now: () => clock.now });
  return { calls, clock, state, registry, epochs, inner };
}

Deno.test("getManifest() by digest reads once in the age of all that is remembered", async () => {
  const { calls, clock, registry } = setUp();
  const first = await registry.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(await registry.getManifest(REPOSITORY, { digest: DIGEST }), first);
  assertEquals(calls.length, 1);
  clock.now += 101;
  await registry.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(calls.length, 2);
});

Deno.test("getManifest() never serves a manifest of another repository", async () => {
  const { calls, registry } = setUp();
  await registry.getManifest(REPOSITORY, { digest: DIGEST });
  await registry.getManifest(OTHER, { digest: DIGEST });
  assertEquals(calls, ["getManifest library/debian a", "getManifest library/alpine a"]);
});

Deno.test("getManifest() by tag reads the tag each time and the manifest once", async () => {
  const { calls, registry } = setUp();
  await registry.getManifest(REPOSITORY, { tag: TAG });
  await registry.getManifest(REPOSITORY, { tag: TAG });
  assertEquals(calls, [
    "resolveTag library/debian latest",
    "getManifest library/debian a",
    "resolveTag library/debian latest",
  ]);
});

/** A cache over a table that counts its changes, with the reads of tags. */
function setUpCounted(overrides: Partial<Registry> = {}) {
  const { calls, inner, epochs, state, ...rest } = setUp(overrides);
  const table = { count: 1, countReads: 0, target: DIGEST };
  const counted = {
    ...epochs,
    changeCount() {
      table.countReads++;
      return Promise.resolve(table.count);
    },
    readWithTag(repository: RepositoryName, tag: Tag) {
      calls.push(`readWithTag ${repository} ${tag}`);
      return Promise.resolve({ digest: table.target, epoch: state.epoch });
    },
  };
  return { ...rest, calls, table, registry: cached(inner as Registry, counted) };
}

Deno.test("getManifest() by tag reads the tag again once a table that counts its changes has changed", async () => {
  const { calls, table, registry } = setUpCounted();
  const get = async (repository = REPOSITORY, exact = false) =>
    (await registry.getManifest(repository, { tag: TAG }, { exact })).digest;
  assertEquals([await get(), await get(), await get(REPOSITORY, true)], [DIGEST, DIGEST, DIGEST]);
  assertEquals(calls, ["readWithTag library/debian latest", "getManifest library/debian a"]);
  assertEquals(table.countReads, 3);
  await get(OTHER);
  assertEquals(calls.splice(0).slice(2), [
    "readWithTag library/alpine latest",
    "getManifest library/alpine a",
  ]);
  table.count++;
  table.target = MOVED;
  assertEquals([await get(), await get()], [MOVED, MOVED]);
  assertEquals(calls, ["readWithTag library/debian latest", "getManifest library/debian b"]);
});

Deno.test("getManifest() by tag does not know the target under a count from after its read", async () => {
  const { calls, table, registry } = setUpCounted();
  const first = registry.getManifest(REPOSITORY, { tag: TAG });
  // The count is read in the first turn, and the tag in the second.
  while (table.countReads === 0) await new Promise((resolve) => setImmediate(resolve));
  table.count++;
  await first;
  table.target = MOVED;
  assertEquals((await registry.getManifest(REPOSITORY, { tag: TAG })).digest, MOVED);
  assertEquals(calls.filter((call) => call.startsWith("readWithTag")).length, 2);
});

Deno.test("getManifest() by tag shares one read of the count and of the tag among the calls of one turn", async () => {
  const { calls, table, registry } = setUpCounted();
  await Promise.all(Array.from({ length: 9 }, () => registry.getManifest(REPOSITORY, { tag: TAG })));
  assertEquals([table.countReads, calls.length], [1, 2]);
});

Deno.test("getManifest() by tag never knows that a tag does not exist", async () => {
  let isThere = false;
  const { table, registry } = setUpCounted();
  const missing = createCache(
    { ...registry } as Registry,
    {
      read: () => Promise.resolve(""),
      readWithTag: () => isThere ? Promise.resolve({ digest: DIGEST, epoch: "" }) : gone(),
      changeCount: () => Promise.resolve(table.count),
      mostAge: 100,
    },
  ).over(registry);
  await assertRejects(() => missing.getManifest(REPOSITORY, { tag: TAG }), RegistryError);
  isThere = true;
  assertEquals((await missing.getManifest(REPOSITORY, { tag: TAG })).digest, DIGEST);
});

Deno.test("getManifest() by tag reads uncached if the manifest of the tag is gone", async () => {
  let reads = 0;
  const { registry } = setUp({
    getManifest: (_repository, reference) =>
      "digest" in reference && reads++ === 0
        ? gone()
        : Promise.resolve({ digest: MOVED, mediaType: "application/json", bytes: new Uint8Array(8) }),
  });
  assertEquals((await registry.getManifest(REPOSITORY, { tag: TAG })).digest, MOVED);
});

Deno.test("getManifest() caches no manifest above 1 MiB, and at most the configured bytes", async () => {
  const sizes = new Map([[DIGEST, 1_048_577], [MOVED, 1_048_576]]);
  let reads = 0;
  const { registry } = setUp({
    getManifest(_repository, reference) {
      reads++;
      const digest = "digest" in reference ? reference.digest : MOVED;
      const bytes = new Uint8Array(sizes.get(digest)!);
      return Promise.resolve({ digest, mediaType: "application/json", bytes });
    },
  });
  for (const digest of [DIGEST, DIGEST, MOVED, MOVED]) await registry.getManifest(REPOSITORY, { digest });
  assertEquals(reads, 3);
});

Deno.test("getManifest() does not remember a manifest that is not there", async () => {
  let there = false;
  const { registry } = setUp({
    getManifest: () =>
      there
        ? Promise.resolve({ digest: DIGEST, mediaType: "application/json", bytes: new Uint8Array(8) })
        : gone(),
  });
  await assertRejects(() => registry.getManifest(REPOSITORY, { digest: DIGEST }), RegistryError);
  there = true;
  await registry.getManifest(REPOSITORY, { digest: DIGEST });
});

Deno.test("getManifest() reads again after a change of the epoch, and reads the epoch each time", async () => {
  const { calls, state, registry } = setUp();
  for (const epoch of ["first", "first", "second", "second", "first"]) {
    state.epoch = epoch;
    await registry.getManifest(REPOSITORY, { digest: DIGEST });
  }
  assertEquals([calls.length, state.epochReads], [3, 5]);
});

Deno.test("getManifest() shares one read of the epoch among the calls of one turn", async () => {
  const { state, registry } = setUp();
  await Promise.all(
    Array.from({ length: 9 }, () => registry.getManifest(REPOSITORY, { digest: DIGEST })),
  );
  assertEquals(state.epochReads, 1);
});

Deno.test("getManifest() reads the tag and the epoch at the same time where the epoch has an age", async () => {
  const both = Promise.withResolvers<void>();
  let underWay = 0;
  const wait = async () => {
    if (++underWay === 2) both.resolve();
    await both.promise;
  };
  const { registry } = setUp({ resolveTag: () => wait().then(() => DIGEST) });
  const inner = { ...registry };
  const readWithTag = () => Promise.reject(new Error("The epoch is mostly known"));
  const epochs = { read: () => wait().then(() => "epoch"), readWithTag, mostAge: 100 };
  const parallel = cached(inner, epochs, { age: 1 });
  assertEquals((await parallel.getManifest(REPOSITORY, { tag: TAG })).digest, DIGEST);
});

Deno.test("getManifest() does not cache under an epoch a value that was read before it", async () => {
  const early = Promise.withResolvers<void>();
  let deleted = false;
  const { state, registry } = setUp({
    async getManifest() {
      if (deleted) return await gone();
      await early.promise;
      return { digest: DIGEST, mediaType: "application/json", bytes: new Uint8Array(8) };
    },
  });
  const reading = registry.getManifest(REPOSITORY, { digest: DIGEST });
  await new Promise((resolve) => setTimeout(resolve));
  deleted = true; // by another process
  state.epoch = "second";
  await assertRejects(() => registry.getManifest(REPOSITORY, { digest: DIGEST }), RegistryError);
  early.resolve();
  assertEquals((await reading).digest, DIGEST);
  await assertRejects(() => registry.getManifest(REPOSITORY, { digest: DIGEST }), RegistryError);
});

Deno.test("getManifest() reads the epoch once in the age, but for a HEAD each time", async () => {
  const { clock, state, registry } = setUp({}, { age: 10 });
  const get = (exact: boolean) => registry.getManifest(REPOSITORY, { digest: DIGEST }, { exact });
  const reads = async (exact: boolean) => {
    const before = state.epochReads;
    await get(exact);
    return state.epochReads - before;
  };
  assertEquals([await reads(false), await reads(false), await reads(true)], [1, 0, 1]);
  clock.now += 10;
  assertEquals(await reads(false), 0);
  clock.now += 1;
  assertEquals([await reads(false), await reads(false)], [1, 0]);
});

Deno.test("getManifest() counts the ages on when the clock is set back", async () => {
  const { calls, clock, state, registry } = setUp({}, { age: 10 });
  const get = () => registry.getManifest(REPOSITORY, { digest: DIGEST });
  clock.now = 100_000;
  await get();
  clock.now = 50_000;
  await get();
  clock.now += 11;
  await get();
  assertEquals([state.epochReads, calls.length], [2, 1]);
  clock.now += 101;
  await get();
  assertEquals([state.epochReads, calls.length], [3, 2]);
});

Deno.test("deleteManifest() ends the age of the epoch, even when its answer is lost", async () => {
  for (const fails of [false, true]) {
    const { calls, state, registry } = setUp({
      deleteManifest() {
        state.epoch += "+";
        return fails ? Promise.reject(new Error("connection lost")) : Promise.resolve();
      },
    }, { age: 10 });
    await registry.getManifest(REPOSITORY, { digest: DIGEST });
    await registry.deleteManifest(REPOSITORY, DIGEST).catch(() => {});
    await registry.getManifest(REPOSITORY, { digest: DIGEST });
    assertEquals(calls.length, 2);
  }
});

Deno.test("deleteManifest() keeps an epoch from counting that was read before it", async () => {
  const { registry } = setUp();
  const held = Promise.withResolvers<string>();
  let reads = 0;
  const read = () => ++reads === 1 ? held.promise : Promise.resolve("new");
  const readWithTag = () => Promise.reject(new Error("No tag is read"));
  const slow = cached(registry, { read, readWithTag, mostAge: 100 }, { age: 10, now: () => 1 });
  const reading = slow.getManifest(REPOSITORY, { digest: DIGEST });
  await new Promise((resolve) => setTimeout(resolve));
  await slow.deleteManifest(REPOSITORY, DIGEST);
  held.resolve("old");
  await reading;
  await slow.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(reads, 2);
});

Deno.test("deleteManifest() ends the age of an epoch that was read while it was under way", async () => {
  const { calls, state, registry } = setUp({
    async deleteManifest() {
      await new Promise((resolve) => setTimeout(resolve));
      await registry.getManifest(REPOSITORY, { digest: DIGEST });
      state.epoch += "+";
    },
  }, { age: 10 });
  await registry.deleteManifest(REPOSITORY, DIGEST);
  await registry.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(calls.length, 2);
});

Deno.test("statBlob() reads each time, once for concurrent calls", async () => {
  const { calls, registry } = setUp({}, { age: 10 });
  for (let round = 0; round < 2; round++) {
    const [first, second] = [registry.statBlob(REPOSITORY, DIGEST), registry.statBlob(REPOSITORY, DIGEST)];
    assertEquals([(await first).size, (await second).size], [1_000_000, 1_000_000]);
  }
  assertEquals(calls, ["statBlob library/debian", "statBlob library/debian"]);
});

Deno.test("getBlob() caches if the epoch needs no read, and reads only the blob otherwise", async () => {
  for (const [age, reads, epochReads] of [[0, 2, 0], [10, 1, 1]] as const) {
    const { calls, state, registry } = setUp({}, { age });
    for (let round = 0; round < 2; round++) {
      assertEquals((await registry.getBlob(REPOSITORY, DIGEST)).size, 1_000_000);
    }
    assertEquals([calls.length, state.epochReads], [reads, epochReads]);
  }
});

Deno.test("open() reads again if the cached object was collected", async () => {
  let reads = 0;
  const { registry } = setUp({
    getBlob(_repository, digest) {
      const collected = ++reads === 1;
      return Promise.resolve(collected ? large(digest, blobGone) : large(digest));
    },
  }, { age: 10 });
  const remembered = await registry.getBlob(REPOSITORY, DIGEST);
  await (await remembered.open()).cancel();
  await registry.getBlob(REPOSITORY, DIGEST);
  assertEquals(reads, 3);
});

Deno.test("getBlob() gives the URL of the store for a cached blob too", async () => {
  const url = () => Promise.resolve("https://s3.example.com/object");
  const { registry } = setUp({ getBlob: (_, digest) => Promise.resolve({ ...large(digest), url }) }, {
    age: 9,
  });
  for (let round = 0; round < 2; round++) {
    assertEquals(await (await registry.getBlob(REPOSITORY, DIGEST)).url?.(), await url());
  }
});

Deno.test("open() says so when the blob is gone for good", async () => {
  let reads = 0;
  const { registry } = setUp({
    getBlob: (_repository, digest) => ++reads === 1 ? Promise.resolve(large(digest, blobGone)) : blobGone(),
  }, { age: 10 });
  const remembered = await registry.getBlob(REPOSITORY, DIGEST);
  await assertRejects(() => remembered.open(), RegistryError, "Blob is not known");
});

Deno.test("getBlob() shares one read among the calls of one turn", async () => {
  const { calls, registry } = setUp();
  await Promise.all(Array.from({ length: 9 }, () => registry.getBlob(REPOSITORY, DIGEST)));
  assertEquals(calls, ["getBlob library/debian"]);
});

Deno.test("getBlob() uses the result of a HEAD if the epoch needs no read", async () => {
  const { calls, clock, state, registry } = setUp({}, { age: 10 });
  await registry.getManifest(REPOSITORY, { digest: DIGEST });
  await registry.statBlob(REPOSITORY, DIGEST);
  await registry.getBlob(REPOSITORY, DIGEST);
  assertEquals(calls.slice(1), ["statBlob library/debian"]);
  state.epoch = "second";
  clock.now += 11;
  await registry.getBlob(REPOSITORY, DIGEST);
  assertEquals(calls.slice(2), ["getBlob library/debian"]);
});

Deno.test("getBlob() uses no result of a HEAD from before a delete of this process", async () => {
  const { calls, state, registry } = setUp({}, { age: 10 });
  await registry.getManifest(REPOSITORY, { digest: DIGEST });
  await registry.statBlob(REPOSITORY, DIGEST);
  state.epoch = "second";
  await registry.deleteBlob(REPOSITORY, DIGEST);
  await registry.getBlob(REPOSITORY, DIGEST);
  assertEquals(calls.slice(1), ["statBlob library/debian", "getBlob library/debian"]);
});

Deno.test("getBlob() opens a small blob once, and finds it in the repository each time", async () => {
  let opened = 0;
  const blob = small("{}", () => opened++);
  let exists = true;
  const { registry } = setUp({ getBlob: () => exists ? Promise.resolve(blob) : blobGone() });
  const [first, second] = [
    await registry.getBlob(REPOSITORY, blob.digest),
    await registry.getBlob(OTHER, blob.digest),
  ];
  assertEquals([opened, first.bytes === second.bytes], [1, true]);
  assertEquals(await new Response(await second.open()).text(), "{}");
  assertEquals(await new Response(await second.open({ first: 1, last: 1 })).text(), "}");
  exists = false;
  await assertRejects(() => registry.getBlob(REPOSITORY, blob.digest), RegistryError);
});

Deno.test("getBlob() does not cache a small blob whose bytes are wrong or incomplete", async () => {
  const blob = small("{}", () => {});
  const wrong = { ...blob, open: small("[]", () => {}).open };
  const broken = { ...blob, open: () => Promise.resolve(brokenStream()) };
  const answers = [wrong, broken, blob];
  const { registry } = setUp({ getBlob: () => Promise.resolve(answers.shift()!) });
  await assertRejects(() => registry.getBlob(REPOSITORY, blob.digest), Error, "has other bytes");
  await assertRejects(() => registry.getBlob(REPOSITORY, blob.digest), UnavailableError);
  assertEquals((await registry.getBlob(REPOSITORY, blob.digest)).bytes, new TextEncoder().encode("{}"));
});

function brokenStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ pull: (controller) => controller.error(new TypeError("connection lost")) });
}

Deno.test("createCache() keeps its entries for another registry of writes, whose deletes end them", async () => {
  const { calls, state, epochs, inner } = setUp();
  const cache = createCache(inner as Registry, epochs);
  const deletes: string[] = [];
  const over = (name: string) =>
    cache.over({
      ...inner,
      deleteManifest: () => Promise.resolve(void deletes.push(name)),
    } as Registry);
  const [one, two] = [over("one"), over("two")];
  await one.getManifest(REPOSITORY, { digest: DIGEST });
  await two.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(calls, [`getManifest ${REPOSITORY} a`]);
  state.epoch = "second";
  await two.deleteManifest(REPOSITORY, DIGEST);
  assertEquals(deletes, ["two"]);
  await one.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(calls.length, 2);
});
