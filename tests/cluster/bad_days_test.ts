import { assert, assertEquals, assertRejects } from "@std/assert";
import { atOnce } from "../harness/at_once.ts";
import { requestHead, WireConnection } from "../harness/wire.ts";
import { digestOf } from "../kill/content.ts";
import type { Answer } from "../kill/wire.ts";
import {
  assertFull,
  assertUnavailable,
  BadDaysClient,
  newImage,
  REPOSITORY,
  type TestImage,
} from "./bad_days_client.ts";
import { type BadDays, startBadDays, type UnreliableStore } from "./bad_days_stores.ts";
import { mountTinyDisk } from "./tiny_disk.ts";

const MIB = 1024 * 1024;

/** Large enough that it can't be on its way as a whole, in buffers of the connections. */
const LARGE_BYTES = 64 * MIB;

/** A manifest with an object of its own. */
const LARGE_MANIFEST = { padding: 300 * 1024 };

/** Two images that are pushed while all is well. */
async function pushTwo(client: BadDaysClient): Promise<[TestImage, TestImage]> {
  const images: [TestImage, TestImage] = [newImage(), newImage(LARGE_MANIFEST)];
  for (const image of images) assertEquals(await client.push(image), [201, 201, 201]);
  return images;
}

/** Requests that need the table, all at once. */
async function withoutTable(client: BadDaysClient, image: TestImage): Promise<void> {
  const { tag, layer, config } = image;
  const upload = await client.begin(); // needs nothing yet
  const [small, large] = [newImage(), newImage({ size: 3 * MIB })];
  await all({
    "GET of a manifest": client.ask("GET", `manifests/${tag}`),
    "HEAD of a blob": client.ask("HEAD", `blobs/${layer.digest}`),
    "GET of a blob": client.ask("GET", `blobs/${layer.digest}`),
    "list of tags": client.ask("GET", "tags/list"),
    "list of referrers": client.ask("GET", `referrers/${config.digest}`),
    "push of a small blob": client.pushBlob(small.layer),
    "push of a large blob": client.pushBlob(large.layer),
    "chunk": client.ask("PATCH", upload, { body: small.layer.bytes() }),
    "mount": client.ask("POST", `blobs/uploads/?mount=${layer.digest}&from=${REPOSITORY}`),
    "push of a manifest": client.pushManifest(newImage({ of: image })),
    "delete of a tag": client.ask("DELETE", `manifests/${tag}`),
  });
}

/** Requests that need objects, all at once; the others work as usual. */
async function withoutObjects(
  client: BadDaysClient,
  [image, withObject]: readonly [TestImage, TestImage],
): Promise<void> {
  const [upload, small] = [await client.begin(), newImage()];
  await all({
    "GET of a blob": client.ask("GET", `blobs/${image.layer.digest}`),
    "GET of a large manifest": client.ask("GET", `manifests/${withObject.tag}`),
    "push of a blob": client.pushBlob(small.layer),
    "chunk": client.ask("PATCH", upload, { body: small.layer.bytes() }),
    "push of a large manifest": client.pushManifest(newImage({ ...LARGE_MANIFEST, of: image })),
  });
  for (const path of [`manifests/${image.tag}`, "tags/list"]) {
    assertEquals((await client.ask("GET", path)).status, 200, path);
  }
  assertEquals((await client.ask("HEAD", `blobs/${image.layer.digest}`)).status, 200);
}

async function all(answers: Record<string, Promise<Answer>>): Promise<void> {
  for (const [what, answer] of Object.entries(answers)) assertUnavailable(await answer, what);
}

/** A change of the state of a store. */
type Change = (store: UnreliableStore) => Promise<void>;

/** Ways in which a store is away, and how it comes back. */
const OUTAGES: Record<string, { begin: Change; end: Change }> = {
  "is stopped": {
    begin: (store) => Promise.resolve(store.freeze()),
    end: (store) => Promise.resolve(store.thaw()),
  },
  "is killed": { begin: (store) => store.kill(), end: (store) => store.restart() },
};

// A request waits for all attempts at a store: half a minute and more, in each of these cases.
Deno.test("a registry answers 503 while one of its stores is away, and recovers", async (t) => {
  const cases = Object.entries(OUTAGES).flatMap(([outage, { begin, end }]) => [
    [`DynamoDB ${outage}`, () => withoutDynamoDb(begin, end)],
    [`S3 ${outage}`, () => withoutS3(begin, end)],
  ]);
  await atOnce(t, Object.fromEntries(cases));
});

async function withoutDynamoDb(begin: Change, end: Change): Promise<void> {
  await using world = await startBadDays();
  using client = new BadDaysClient(world);
  const images = await pushTwo(client);
  await begin(world.dynamoDb);
  try {
    await withoutTable(client, images[0]);
    assertEquals(await statusOf(world, "readyz"), 503);
    assertEquals(await statusOf(world, "livez"), 200);
  } finally {
    await end(world.dynamoDb);
  }
  await client.assertRecovers(...images);
}

async function withoutS3(begin: Change, end: Change): Promise<void> {
  await using world = await startBadDays();
  using client = new BadDaysClient(world);
  const images = await pushTwo(client);
  await begin(world.s3);
  try {
    await withoutObjects(client, images);
    assertEquals(await statusOf(world, "readyz"), 503);
  } finally {
    await end(world.s3);
  }
  await client.assertRecovers(...images);
}

async function statusOf({ registry }: BadDays, path: string): Promise<number> {
  const response = await fetch(`${registry.url}/${path}`);
  await response.body?.cancel();
  return response.status;
}

Deno.test("a pull visibly breaks when S3 is cut or killed in the middle of it, and then works again", async () => {
  await using world = await startBadDays();
  using client = new BadDaysClient(world);
  const image = newImage({ size: LARGE_BYTES });
  assertEquals(await client.push(image), [201, 201, 201]);
  for (const end of [() => world.s3.faults.cut(), () => world.s3.kill()]) {
    const response = await client.open("GET", `blobs/${image.layer.digest}`);
    assertEquals(response.status, 200);
    const reader = response.body!.getReader();
    let received = (await reader.read()).value!.length;
    await end();
    await assertRejects(async () => {
      for (let next; (next = await reader.read()).value !== undefined;) received += next.value.length;
    }, TypeError);
    assert(received < LARGE_BYTES, `Got all of ${received} bytes`);
  }
  await world.s3.restart();
  await client.assertRecovers(image);
});

Deno.test("a streamed push fails cleanly when S3 is cut or killed in the middle of it, and then works again", async () => {
  await using world = await startBadDays();
  using client = new BadDaysClient(world);
  const image = newImage({ size: LARGE_BYTES });
  for (const end of [() => world.s3.faults.cut(), () => world.s3.kill()]) {
    const answer = await pushInterrupted(world, image, end);
    if (answer !== "broken") assertUnavailable(answer, "an interrupted push");
    assertEquals((await client.ask("HEAD", `blobs/${image.layer.digest}`)).status, 404);
  }
  await world.s3.restart();
  assertEquals(await client.push(image), [201, 201, 201]);
  await client.assertRecovers(image);
});

/** Pushes the layer by one request that announces its length, and lets something happen in the middle of the body. */
async function pushInterrupted(
  { registry: { port } }: BadDays,
  { layer: { digest, size, bytes } }: TestImage,
  interrupt: () => void | Promise<void>,
): Promise<Answer | "broken"> {
  using connection = new WireConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  const target = `/v2/${REPOSITORY}/blobs/uploads/?digest=${digest}`;
  await connection.send(requestHead("POST", target, { "Content-Length": String(size) }));
  const content = bytes();
  await connection.send(content.subarray(0, size / 2));
  await interrupt();
  try {
    await connection.send(content.subarray(size / 2));
  } catch {
    // The answer may have arrived already, or the server has stopped.
  }
  try {
    const { headers, ...answer } = await connection.answer("POST");
    return { ...answer, headers: new Headers([...headers]) };
  } catch {
    return "broken";
  }
}

Deno.test("a push in parts outlives a cut of S3 in the middle of it", async () => {
  await using world = await startBadDays();
  using client = new BadDaysClient(world);
  const { layer } = newImage({ size: LARGE_BYTES });
  const upload = await client.begin();
  const content = layer.bytes();
  let sent = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (sent === LARGE_BYTES / 2) world.s3.faults.cut();
      controller.enqueue(content.slice(sent, sent += MIB));
      if (sent === LARGE_BYTES) controller.close();
    },
  });
  assertEquals((await client.ask("PATCH", upload, { body })).status, 202);
  assertEquals((await client.ask("PUT", `${upload}?digest=${layer.digest}`)).status, 201);
  assertEquals(digestOf((await client.ask("GET", `blobs/${layer.digest}`)).body), layer.digest);
});

/** Maximum number of cuts: pushes end on a busy machine too, where all attempts of a request may be cut. */
const MAX_CUTS = 100;

Deno.test("a registry loses nothing when DynamoDB is cut again and again in the middle of its work", async () => {
  await using world = await startBadDays();
  using client = new BadDaysClient(world);
  const images: TestImage[] = [];
  let cuts = 0;
  const timer = setInterval(() => {
    world.dynamoDb.faults.cut();
    if (++cuts === MAX_CUTS) clearInterval(timer);
  }, 100);
  try {
    await Promise.all(Array.from({ length: 4 }, async () => {
      for (let count = 0; count < 10; count++) {
        const image = newImage({ size: 5000 });
        await client.pushRepeatedly(image);
        images.push(image);
      }
    }));
  } finally {
    clearInterval(timer);
  }
  await client.assertRecovers(...images);
});

Deno.test("a registry answers 507 while the disk of S3 is full, and recovers", async () => {
  await using disk = await mountTinyDisk("16m");
  await using world = await startBadDays({ s3: disk.folder });
  using client = new BadDaysClient(world);
  const images = await pushTwo(client);
  const [small, large] = [newImage({ size: 900_000 }), newImage({ size: 4 * MIB })];
  await fill(disk.folder);
  const upload = await client.begin();
  assertFull(await client.pushBlob(small.layer), "push of a small blob");
  assertFull(await client.pushBlob(large.layer), "push of a large blob");
  assertFull(await client.ask("PATCH", upload, { body: small.layer.bytes() }), "chunk");
  for (const image of images) await client.assertPulls(image);
  await disk.resize("64m");
  assertEquals(await client.push(large), [201, 201, 201]);
  await client.assertRecovers(...images, large);
});

Deno.test("a registry answers 503 while the disk of DynamoDB is full, and recovers", async () => {
  await using disk = await mountTinyDisk("16m");
  await using world = await startBadDays({ dynamoDb: disk.folder });
  using client = new BadDaysClient(world);
  const images = await pushTwo(client);
  await fill(disk.folder);
  assertUnavailable(await client.pushBlob(newImage().layer), "push of a blob");
  for (const image of images) await client.assertPulls(image);
  await disk.resize("64m");
  await client.assertRecovers(...images);
});

/** Takes all the room that there is. */
async function fill(folder: string): Promise<void> {
  using file = await Deno.create(`${folder}/.filler`);
  const bytes = new Uint8Array(4096);
  try {
    for (;;) await file.write(bytes);
  } catch (error) {
    if (!/os error 28/.test((error as Error).message)) throw error; // ENOSPC
  }
}
