/** The storage calls of each route that wait for each other: with stores far away they are most of its time. */
import { assertEquals, assertRejects } from "@std/assert";
import { cached } from "../cache/mod.ts";
import { parseRepositoryName, RegistryError } from "../oci/mod.ts";
import { inRounds } from "../tests/harness/rounds.ts";
import {
  body,
  content,
  digest,
  imageOf,
  indexOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "./caller.ts";
import { createRegistry } from "./mod.ts";
import type { Registry } from "./registry.ts";

const SMALL = content(50, 1);
const LARGE = content(200, 2);
const IMAGE = imageOf(SMALL, [LARGE]);
const OTHER = parseRepositoryName("other");
const [NAMED, BY_DIGEST] = [{ tag: tag("latest") }, { digest: digest(IMAGE) }];

/** Stores, a process over them without waits, and another one whose storage calls take a tick each. */
function setUp({ age = 0 } = {}) {
  const stores = new TestStores({ partSize: 64 });
  const { registry: quick } = stores.registry();
  const start = () => {
    const { take, ...slow } = inRounds(stores.objects, stores.table);
    const { registry, epochs } = createRegistry({ ...slow, now: () => stores.now, steady: () => stores.now });
    return { registry: cached(registry, epochs, { age, now: () => stores.now }), take };
  };
  return { stores, quick, start };
}

/** POST and PUT, after a PATCH with all bytes but those of the PUT. */
async function startPush(
  { registry, take }: ReturnType<ReturnType<typeof setUp>["start"]>,
  bytes: typeof SMALL,
) {
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  assertEquals(take(), [], "POST");
  return {
    patch: () => registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes)),
    put: () => registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes)),
    putWhole: () =>
      registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes), body(bytes, { chunk: 64 })),
  };
}

Deno.test("HEAD of a blob takes one round, there or absent", async () => {
  const { quick, start } = setUp();
  await pushBlob(quick, SMALL);
  const { registry, take } = start();
  await registry.statBlob(REPOSITORY, digest(SMALL));
  assertEquals(take(), ["getMany"]);
  await assertRejects(() => registry.statBlob(REPOSITORY, digest(LARGE)), RegistryError);
  assertEquals(take(), ["getMany"]);
});

Deno.test("GET of a blob takes one round of the table and one of the object store", async () => {
  const { quick, start } = setUp();
  await pushBlob(quick, SMALL);
  const { registry, take } = start();
  await (await registry.getBlob(REPOSITORY, digest(SMALL))).open();
  assertEquals(take(), ["getMany", "object get"]);
});

Deno.test("PUT of a whole blob takes one round of the object store and three of the table", async () => {
  const { start } = setUp();
  const process = start();
  const { putWhole } = await startPush(process, SMALL);
  await putWhole();
  assertEquals(process.take(), ["get + put", "object put", "put + putMany", "put"]);
});

Deno.test("PUT of a whole blob that is there takes four rounds of the table", async () => {
  const { quick, start } = setUp();
  await pushBlob(quick, LARGE, OTHER);
  const process = start();
  const { putWhole } = await startPush(process, LARGE);
  await putWhole();
  assertEquals(process.take(), ["get + put", "putMany", "get", "put"]);
});

Deno.test("PATCH and PUT of a blob take these rounds", async () => {
  const { start } = setUp();
  const process = start();
  const small = await startPush(process, SMALL);
  await small.patch();
  assertEquals(process.take(), ["put", "object put", "put"]);
  await small.put();
  assertEquals(process.take(), ["get + put", "put", "putMany"]);
  const large = await startPush(process, LARGE);
  await large.patch();
  process.take();
  await large.put();
  assertEquals(process.take(), ["get + put", "object completeParts", "put", "putMany"]);
});

Deno.test("a mount takes three rounds", async () => {
  const { quick, start } = setUp();
  await pushBlob(quick, SMALL);
  const { registry, take } = start();
  for (const [name, from] of [["a", REPOSITORY], ["b", undefined]] as const) {
    await registry.mountBlob(parseRepositoryName(name), UNRESTRICTED_CALLER, digest(SMALL), from);
    assertEquals(take(), [from === undefined ? "query" : "getMany", "putMany", "get"]);
  }
});

Deno.test("PUT of a manifest takes four rounds", async () => {
  const { stores, quick, start } = setUp();
  for (const bytes of [SMALL, LARGE]) await pushBlob(quick, bytes);
  const { registry, take } = start();
  await pushManifest(registry, IMAGE, "latest");
  assertEquals(take(), ["putMany", "getMany", "put", "put + put"], "into a new repository");
  await pushManifest(registry, IMAGE, "latest", "v1", "v2");
  assertEquals(take(), ["putMany", "getMany", "put", "get + put + put + put"], "again, with more tags");
  await pushManifest(registry, imageOf(SMALL, []), "latest");
  assertEquals(take(), ["putMany", "getMany", "put + putMany", "get + put"], "a tag that moves");
  stores.now += 25 * 60 * 60_000;
  await pushManifest(registry, IMAGE, "latest");
  assertEquals(take(), ["putMany", "getMany", "put + putMany", "get + put"], "of old blobs");
  await registry.mountBlob(REPOSITORY, UNRESTRICTED_CALLER, digest(SMALL), REPOSITORY);
  take();
  await pushManifest(registry, IMAGE, "latest");
  assertEquals(
    take(),
    ["putMany", "getMany", "getMany", "put", "get + put"],
    "of an old blob linked just now",
  );
});

Deno.test("GET of a manifest takes two rounds cold and one warm", async () => {
  const { quick, start } = setUp();
  for (const bytes of [SMALL, LARGE]) await pushBlob(quick, bytes);
  await pushManifest(quick, IMAGE, "latest");
  for (const [reference, first] of [[NAMED, "getMany"], [BY_DIGEST, "get"]] as const) {
    const { registry, take } = start();
    await registry.getManifest(REPOSITORY, reference);
    assertEquals(take(), [first, "get"], "cold");
    await readingAhead();
    assertEquals(take(), ["getMany"], "which blobs the repository has, after the answer");
    await registry.getManifest(REPOSITORY, reference);
    await readingAhead();
    assertEquals(take(), [first], "warm");
  }
});

/** Waits until what follows an answer has been read, in one round. */
async function readingAhead(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await oneTurn();
}

function oneTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const LAYERS = [10, 11, 12, 13, 14].map((seed) => content(200, seed));
const FIVE_LAYERS = imageOf(SMALL, LAYERS);

/** Pushes an index of an image with 5 layers, and of one with none. */
async function pushIndex(quick: Registry): Promise<void> {
  for (const bytes of [SMALL, ...LAYERS]) await pushBlob(quick, bytes);
  for (const bytes of [FIVE_LAYERS, imageOf(SMALL, [])]) await pushManifest(quick, bytes);
  await pushManifest(quick, indexOf([FIVE_LAYERS, imageOf(SMALL, [])]), "latest");
}

/** Requests the index, then the manifest, then all blobs at once, as containerd does. */
async function pullIndex({ registry }: { registry: Registry }): Promise<void> {
  await registry.getManifest(REPOSITORY, NAMED);
  await oneTurn();
  await registry.getManifest(REPOSITORY, { digest: digest(FIVE_LAYERS) });
  await oneTurn();
  await Promise.all([SMALL, ...LAYERS].map((bytes) => registry.getBlob(REPOSITORY, digest(bytes))));
}

Deno.test("a pull of an index and an image of 5 layers takes four rounds of the table cold and three warm", async () => {
  const { quick, start } = setUp();
  await pushIndex(quick);
  const process = start();
  await pullIndex(process);
  const rounds = process.take().filter((round) => !round.includes("object"));
  // The tag and the epoch, the index, the epoch beside the children, the epoch beside the blobs.
  assertEquals(rounds, ["getMany", "get", "get + getMany", "get + getMany"], "cold");
  await pullIndex(process);
  assertEquals(process.take(), ["getMany", "get", "get"], "warm");
});

Deno.test("a pull of an index and an image of 5 layers takes one round of the table warm with a cache age", async () => {
  const { quick, start } = setUp({ age: 1000 });
  await pushIndex(quick);
  const process = start();
  await pullIndex(process);
  process.take();
  await pullIndex(process);
  assertEquals(process.take(), ["get"], "the tag");
});

Deno.test("a manifest is read ahead once, and nothing for a HEAD", async () => {
  const { quick, start } = setUp();
  await pushIndex(quick);
  const { registry, take } = start();
  await registry.getManifest(REPOSITORY, NAMED, { exact: true });
  await readingAhead();
  assertEquals(take(), ["getMany", "get"], "HEAD");
  for (const expected of [["getMany", "getMany"], ["getMany"]]) {
    await registry.getManifest(REPOSITORY, NAMED);
    await readingAhead();
    assertEquals(take(), expected);
  }
});
