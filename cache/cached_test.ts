import { assertEquals, assertRejects } from "@std/assert";
import { parseDigest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName, type Reference, type Tag } from "../oci/name.ts";
import type { Registry } from "../registry/registry.ts";
import { cached } from "./cached.ts";

const REPOSITORY = parseRepositoryName("library/debian");
const OTHER = parseRepositoryName("library/alpine");
const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const MOVED = parseDigest(`sha256:${"b".repeat(64)}`);
const TAG = "latest" as Tag;

const gone = () => Promise.reject(new RegistryError("MANIFEST_UNKNOWN", "Manifest is not known"));
const blobGone = () => Promise.reject(new RegistryError("BLOB_UNKNOWN", "Blob is not known"));

/** A cached registry over one that notes every call, with a clock that stands still. */
function setUp(overrides: Partial<Registry> = {}) {
  const calls: string[] = [];
  const clock = { now: 1 };
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
      return Promise.resolve({ digest, size: 8 });
    },
    getBlob(repository, digest) {
      calls.push(`getBlob ${repository}`);
      return Promise.resolve({ digest, size: 8, open: () => Promise.resolve(new ReadableStream()) });
    },
    deleteManifest: () => Promise.resolve(),
    deleteBlob: () => Promise.resolve(),
    ...overrides,
  };
  return { calls, clock, registry: cached(inner as Registry, { age: 100, now: () => clock.now }) };
}

Deno.test("getManifest() by digest reads once in the age", async () => {
  const { calls, clock, registry } = setUp();
  const first = await registry.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(await registry.getManifest(REPOSITORY, { digest: DIGEST }), first);
  assertEquals(calls.length, 1);
  clock.now += 101;
  await registry.getManifest(REPOSITORY, { digest: DIGEST });
  assertEquals(calls.length, 2);
});

Deno.test("getManifest() never answers for one repository with what another has", async () => {
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

Deno.test("getManifest() by tag reads plainly when what the tag pointed at is gone", async () => {
  let reads = 0;
  const { registry } = setUp({
    getManifest: (_repository, reference) =>
      "digest" in reference && reads++ === 0
        ? gone()
        : Promise.resolve({ digest: MOVED, mediaType: "application/json", bytes: new Uint8Array(8) }),
  });
  assertEquals((await registry.getManifest(REPOSITORY, { tag: TAG })).digest, MOVED);
});

Deno.test("getManifest() keeps no manifest above 1 MiB and no more than its bytes", async () => {
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

Deno.test("deleteManifest() ends what is remembered at once, even when its answer is lost", async () => {
  for (const fails of [false, true]) {
    const { calls, registry } = setUp({
      deleteManifest: () => fails ? Promise.reject(new Error("connection lost")) : Promise.resolve(),
    });
    await registry.getManifest(REPOSITORY, { digest: DIGEST });
    await registry.deleteManifest(REPOSITORY, DIGEST).catch(() => {});
    await registry.getManifest(REPOSITORY, { digest: DIGEST });
    assertEquals(calls.length, 2);
  }
});

Deno.test("deleteManifest() keeps a read that began before it from being remembered", async () => {
  const early = Promise.withResolvers<void>();
  let deleted = false;
  const { registry } = setUp({
    async getManifest() {
      if (deleted) return await gone();
      await early.promise;
      return { digest: DIGEST, mediaType: "application/json", bytes: new Uint8Array(8) };
    },
    deleteManifest() {
      deleted = true;
      return Promise.resolve();
    },
  });
  const reading = registry.getManifest(REPOSITORY, { digest: DIGEST });
  await registry.deleteManifest(REPOSITORY, DIGEST);
  await assertRejects(() => registry.getManifest(REPOSITORY, { digest: DIGEST }), RegistryError);
  early.resolve();
  assertEquals((await reading).digest, DIGEST);
  await assertRejects(() => registry.getManifest(REPOSITORY, { digest: DIGEST }), RegistryError);
});

Deno.test("statBlob() and getBlob() read once in the age, each for itself", async () => {
  const { calls, registry } = setUp();
  for (let round = 0; round < 2; round++) {
    assertEquals(await registry.statBlob(REPOSITORY, DIGEST), { digest: DIGEST, size: 8 });
    assertEquals((await registry.getBlob(REPOSITORY, DIGEST)).size, 8);
  }
  assertEquals(calls, ["statBlob library/debian", "getBlob library/debian"]);
});

Deno.test("deleteBlob() ends what is remembered at once", async () => {
  const { calls, registry } = setUp();
  for (let round = 0; round < 2; round++) {
    await registry.statBlob(REPOSITORY, DIGEST);
    await registry.getBlob(REPOSITORY, DIGEST);
    await registry.deleteBlob(REPOSITORY, DIGEST);
  }
  assertEquals(calls.length, 4);
});

Deno.test("open() asks anew when the object that is remembered was collected", async () => {
  let reads = 0;
  const { registry } = setUp({
    getBlob(_repository, digest) {
      const collected = ++reads === 1;
      const open = () => collected ? blobGone() : Promise.resolve(new ReadableStream());
      return Promise.resolve({ digest, size: 8, open });
    },
  });
  const remembered = await registry.getBlob(REPOSITORY, DIGEST);
  await (await remembered.open()).cancel();
  await registry.getBlob(REPOSITORY, DIGEST);
  assertEquals(reads, 3);
});

Deno.test("open() says so when the blob is gone for good", async () => {
  let reads = 0;
  const { registry } = setUp({
    getBlob: (_repository, digest) =>
      ++reads === 1 ? Promise.resolve({ digest, size: 8, open: blobGone }) : blobGone(),
  });
  const remembered = await registry.getBlob(REPOSITORY, DIGEST);
  await assertRejects(() => remembered.open(), RegistryError, "Blob is not known");
});
