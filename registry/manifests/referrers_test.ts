import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { codeOf, CONFIG, LAYER, put, withBlobs } from "../../tests/harness/images.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  INDEX,
  PRINCIPAL,
  pushManifest,
  REPOSITORY,
  type TestStores,
} from "../../tests/harness/stores.ts";
import { GARBAGE_PREFIX } from "../items/mod.ts";
import { manifestKey, referrerKey } from "../items/mod.ts";
import { MAX_READ_BYTES, referrerItem } from "./referrers.ts";

/** Puts a manifest that no push would bring. */
async function putStored(stores: TestStores, bytes: Uint8Array<ArrayBuffer>, subject: string): Promise<void> {
  const attributes = {
    mediaType: IMAGE,
    size: bytes.length,
    subject,
    pushedAt: stores.now,
    pushedBy: PRINCIPAL,
  };
  await stores.table.putMany([{ ...manifestKey(REPOSITORY, digest(bytes)), attributes, bytes }]);
}

Deno.test("listReferrers() filters by any of several artifact types and pages by bytes", async () => {
  const { registry } = await withBlobs();
  const image = imageOf(CONFIG, [LAYER]);
  const subject = { mediaType: IMAGE, digest: digest(image), size: image.length };
  const referrers = Array.from({ length: 6 }, (_, i) =>
    imageOf(CONFIG, [], {
      artifactType: `application/x-${i % 3}`,
      annotations: { filler: "x".repeat(i % 2 === 0 ? 900_000 : 100) },
      subject,
    }));
  for (const referrer of referrers) await pushManifest(registry, referrer);
  const all = referrers.map((bytes) => digest(bytes) as string).sort();
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const request = { artifactTypes: [], ...(after === undefined ? {} : { after }) };
    const page = await registry.listReferrers(REPOSITORY, subject.digest, request);
    pages.push(page.items.map((item) => item.digest));
    after = page.next;
  } while (after !== undefined);
  assertEquals(pages.flat(), all);
  const some = { artifactTypes: ["application/x-1", "application/x-2"] };
  const page = await registry.listReferrers(REPOSITORY, subject.digest, some);
  assertEquals(page.items.map((item) => item.artifactType).sort(), [
    "application/x-1",
    "application/x-1",
    "application/x-2",
    "application/x-2",
  ]);
  const large = page.items.find((item) => item.digest === digest(referrers[4]!));
  assertEquals(large?.annotations?.filler?.length, 900_000);
  assertEquals(await registry.listReferrers(REPOSITORY, digest(content(1)), { artifactTypes: [] }), {
    items: [],
  });
});

Deno.test("putManifest() writes no item above the limit of a table, with any annotations", async () => {
  const { stores, registry } = await withBlobs();
  const subject = { mediaType: IMAGE, digest: digest(content(1)), size: 1 };
  for (const length of [100, 30_000, 40_000, 300_000, 900_000]) {
    await pushManifest(
      registry,
      imageOf(CONFIG, [], { annotations: { filler: "x".repeat(length) }, subject }),
    );
  }
  for (const { sk, attributes, bytes } of await stores.items()) {
    // DynamoDB takes 400 KB.
    assertLess(JSON.stringify(attributes).length + (bytes?.length ?? 0), 400_000, sk);
  }
  const { items } = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
  assertEquals(items.length, 5);
});

Deno.test("listReferrers() keeps its pages below the limit of clients", async () => {
  const { registry } = await withBlobs();
  const subject = { mediaType: INDEX, digest: "blake3:" + "0".repeat(64), size: 3 };
  for (let i = 0; i < 5; i++) {
    await pushManifest(
      registry,
      imageOf(CONFIG, [], { annotations: { [i]: "x".repeat(1_000_000) }, subject }),
    );
  }
  const first = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
  assertEquals(first.items.length, 3);
  const rest = await registry.listReferrers(REPOSITORY, subject.digest, {
    artifactTypes: [],
    after: first.next!,
  });
  assertEquals([rest.items.length, rest.next], [2, undefined]);
});

/** Ten referrers of 2 MB, of which the annotations do not fit in an item, and a process that counts reads of objects. */
async function withLargeReferrers() {
  const { stores, registry } = await withBlobs();
  const subject = { mediaType: INDEX, digest: digest(content(3)), size: 3 };
  const referrers = Array.from({ length: 10 }, (_, i) =>
    imageOf(CONFIG, [], {
      artifactType: "application/x-large",
      annotations: { number: `${i}`, filler: "x".repeat(40_000) },
      other: "x".repeat(2_000_000),
      subject,
    }));
  for (const referrer of referrers) await pushManifest(registry, referrer);
  const reads = { count: 0 };
  const objects = hooked(stores.objects, (method) => void (method === "get" && reads.count++));
  const list = stores.registry({ objects }).registry.listReferrers;
  return { stores, subject: subject.digest, referrers, reads, list };
}

Deno.test("listReferrers() ends a page where it has read enough, and comes to all in the end", async () => {
  const { subject, referrers, reads, list } = await withLargeReferrers();
  const digests: string[] = [];
  let after: string | undefined;
  do {
    reads.count = 0;
    const page = await list(REPOSITORY, subject, { artifactTypes: [], ...(after && { after }) });
    assert(reads.count <= MAX_READ_BYTES / 2_000_000 + 1, `${reads.count} manifests were read for one page`);
    digests.push(...page.items.map((item) => item.digest));
    for (const { annotations } of page.items) assertEquals(annotations?.filler?.length, 40_000);
    after = page.next;
  } while (after !== undefined);
  assertEquals(digests, referrers.map((bytes) => digest(bytes) as string).sort());
});

Deno.test("listReferrers() reads no manifest to find out its artifact type", async () => {
  const { subject, reads, list } = await withLargeReferrers();
  assertEquals(await list(REPOSITORY, subject, { artifactTypes: ["application/x-small"] }), { items: [] });
  assertEquals(reads.count, 0);
});

Deno.test("listReferrers() reads no more once the client has gone", async () => {
  const { subject, reads, list } = await withLargeReferrers();
  const gone = AbortSignal.abort();
  const request = { artifactTypes: [], signal: gone };
  const error = await assertRejects(() => list(REPOSITORY, subject, request), RegistryError);
  assertEquals([error.status, reads.count], [499, 0]);
});

Deno.test("listReferrers() reads from the manifest the members that an item of an earlier release lacks", async () => {
  const { stores, subject, referrers, reads, list } = await withLargeReferrers();
  const request = { artifactTypes: ["application/x-large"] };
  const known = await list(REPOSITORY, subject, request);
  const items = referrers.map((bytes) => ({
    ...referrerKey(REPOSITORY, subject, digest(bytes))!,
    attributes: {},
  }));
  await stores.table.putMany(items);
  assertEquals(await list(REPOSITORY, subject, request), known);
  reads.count = 0;
  const others = await list(REPOSITORY, subject, { artifactTypes: ["application/x-small"] });
  assertEquals([others.items, others.next], [[], known.next]);
  assertEquals(reads.count, known.items.length);
  for (const bytes of referrers.slice(1)) {
    await stores.registry().registry.deleteManifest(REPOSITORY, digest(bytes));
  }
  await stores.table.putMany(items);
  const left = await list(REPOSITORY, subject, { artifactTypes: [] });
  assertEquals(left.items.map((item) => item.digest), [digest(referrers[0]!)]);
});

Deno.test("listReferrers() lists manifests that an earlier release accepted and this one rejects", async () => {
  const { stores, registry } = await withBlobs();
  const subject = { mediaType: IMAGE, digest: digest(content(3)), size: 3 };
  const annotations = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [`annotation-${i}`, "value"]),
  );
  const bytes = imageOf(CONFIG, [], { annotations, subject });
  await putStored(stores, bytes, subject.digest);
  await stores.table.putMany([{
    ...referrerKey(REPOSITORY, subject.digest, digest(bytes))!,
    attributes: {},
  }]);
  const { items } = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
  const artifactType = "application/vnd.oci.image.config.v1+json";
  const expected = { mediaType: IMAGE, digest: digest(bytes), size: bytes.length, artifactType, annotations };
  assertEquals(items, [expected]);
});

Deno.test("referrerItem() leaves to the manifest a descriptor that is too large even without annotations", async () => {
  const { stores, registry } = await withBlobs();
  const subject = { mediaType: IMAGE, digest: digest(content(3)), size: 3 };
  const artifactType = "x".repeat(1_000_000);
  const bytes = imageOf(CONFIG, [], { artifactType, subject });
  await putStored(stores, bytes, subject.digest);
  const item = referrerItem(REPOSITORY, parseManifest(bytes, IMAGE), digest(bytes), bytes.length)!;
  assertLess(JSON.stringify(item).length, 1000);
  await stores.table.putMany([item]);
  const page = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [artifactType] });
  assertEquals(page, {
    items: [{ mediaType: IMAGE, digest: digest(bytes), size: bytes.length, artifactType }],
  });
});

/** Stores whose table refuses sort keys that are longer than DynamoDB takes. */
async function withShortKeys() {
  const { stores } = await withBlobs();
  const table = hooked(stores.table, (_, [first, options]) => {
    const keys = [first, options].flat().map((value) => Object(value) as { sk?: string; prefix?: string });
    const longest = Math.max(...keys.map(({ sk, prefix }) => (sk ?? prefix ?? "").length));
    if (longest > 1024) throw new Error(`A sort key has ${longest} bytes`);
  });
  return { stores, ...stores.registry({ table, grace: 2000, deadline: 500 }) };
}

Deno.test("putManifest() takes a subject whose digest fits in a key with any other, and no longer one", async () => {
  const { stores, registry } = await withShortKeys();
  const push = async (length: number) => {
    const subject = { mediaType: IMAGE, digest: "long:".padEnd(length, "0"), size: 3 };
    const bytes = imageOf(CONFIG, [], { subject });
    await put(registry, bytes, { reference: { digest: digest(bytes, "sha512") } });
    return await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
  };
  assertEquals((await push(512)).items.length, 1);
  const before = await stores.items();
  assertEquals(await codeOf(() => push(513)), "DIGEST_INVALID");
  assertEquals(await codeOf(() => push(1024)), "DIGEST_INVALID");
  assertEquals(await stores.items(), before);
});

Deno.test("a manifest is deleted and collected whose place among the referrers no key can name", async () => {
  const { stores, registry, collectCandidates } = await withShortKeys();
  const subject = { mediaType: IMAGE, digest: "long:".padEnd(1024, "0"), size: 3 };
  const bytes = imageOf(CONFIG, [], { subject });
  await putStored(stores, bytes, subject.digest);
  assertEquals(await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] }), {
    items: [],
  });
  assertEquals(referrerItem(REPOSITORY, parseManifest(bytes, IMAGE), digest(bytes), 1), undefined);
  await registry.deleteManifest(REPOSITORY, digest(bytes));
  for (let step = 0; step < 5; step++) { // links and blobs are marked first
    stores.now += 10_000;
    await collectCandidates({ removed: () => {} });
  }
  assertEquals((await stores.items()).filter(({ pk }) => pk.startsWith(GARBAGE_PREFIX)), []);
});
