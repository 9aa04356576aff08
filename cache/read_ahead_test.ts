import { assertEquals, assertRejects } from "@std/assert";
import { type Digest, parseDigest, parseRepositoryName, RegistryError } from "../oci/mod.ts";
import type { AheadReads } from "../registry/mod.ts";
import type { BlobReader, Manifest } from "../registry/interface.ts";
import { TtlCache } from "../storage/ttl_cache.ts";
import { keyOf } from "./keys.ts";
import { ReadAhead } from "./read_ahead.ts";

const REPOSITORY = parseRepositoryName("library/debian");
const BLOB = parseDigest(`sha256:${"b".repeat(64)}`);

function manifestOf(character: string): Manifest {
  const digest = parseDigest(`sha256:${character.repeat(64)}`);
  return { digest, mediaType: "application/json", bytes: new Uint8Array(8) };
}

const readerOf = (digest: Digest): BlobReader => ({
  digest,
  size: 1,
  open: () => Promise.resolve(new ReadableStream()),
});

/** Reads ahead the one blob of every manifest into an empty cache, by batches that end when the test lets them. */
function setUp() {
  const memory = { age: 100, count: 10, now: () => 1 };
  const caches = { manifests: new TtlCache<Manifest>(memory), blobs: new TtlCache<BlobReader>(memory) };
  const batches: PromiseWithResolvers<Map<Digest, BlobReader>>[] = [];
  const reads: AheadReads = {
    next: ({ digest }) => ({ manifests: [], blobs: [digest] }),
    manifests: () => Promise.resolve(new Map()),
    blobs() {
      const batch = Promise.withResolvers<Map<Digest, BlobReader>>();
      batches.push(batch);
      return batch.promise;
    },
  };
  const ahead = new ReadAhead(reads, { ...caches, cacheable: (_, blob) => blob });
  return { ahead, batches, blobs: caches.blobs };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

Deno.test("after() begins no batch before the caller has gone on, and one for each manifest", async () => {
  const { ahead, batches } = setUp();
  const manifest = manifestOf("b");
  for (let time = 0; time < 3; time++) ahead.after(REPOSITORY, manifest, "first");
  assertEquals(batches.length, 0);
  await settled();
  assertEquals(batches.length, 1);
});

Deno.test("after() has at most four batches in flight", async () => {
  const { ahead, batches } = setUp();
  for (const character of "abcdef") ahead.after(REPOSITORY, manifestOf(character), "first");
  await settled();
  assertEquals(batches.length, 4);
  for (const { resolve } of batches) resolve(new Map());
  await settled();
  ahead.after(REPOSITORY, manifestOf("0"), "first");
  await settled();
  assertEquals(batches.length, 5);
});

Deno.test("a request shares a batch in flight, and reads itself after its failure or without the content", async () => {
  const ends: [(batch: PromiseWithResolvers<Map<Digest, BlobReader>>) => void, number][] = [
    [({ resolve }) => resolve(new Map([[BLOB, readerOf(BLOB)]])), 0],
    [({ resolve }) => resolve(new Map()), 1],
    [({ reject }) => reject(new Error("connection lost")), 1],
  ];
  for (const [end, expected] of ends) {
    const { ahead, batches, blobs } = setUp();
    ahead.after(REPOSITORY, manifestOf("b"), "first");
    await settled();
    let reads = 0;
    const read = () => {
      reads++;
      return Promise.resolve(readerOf(BLOB));
    };
    const requested = blobs.get(keyOf(REPOSITORY, BLOB), read, "first");
    end(batches[0]!);
    assertEquals((await requested).digest, BLOB);
    assertEquals(reads, expected);
  }
});

Deno.test("get() does not answer with content that was read ahead in another epoch", async () => {
  const { ahead, batches, blobs } = setUp();
  ahead.after(REPOSITORY, manifestOf("b"), "first");
  await settled();
  batches[0]!.resolve(new Map([[BLOB, readerOf(BLOB)]]));
  await settled();
  const gone = () => Promise.reject(new RegistryError("BLOB_UNKNOWN", "Blob is not known"));
  await assertRejects(async () => await blobs.get(keyOf(REPOSITORY, BLOB), gone, "second"), RegistryError);
});
