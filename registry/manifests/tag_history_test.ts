import { assertEquals } from "@std/assert";
import { CONFIG, withBlobs } from "../../tests/harness/images.ts";
import { dyingStores, interruptedStores } from "../../tests/harness/moments.ts";
import {
  digest,
  IMAGE,
  imageOf,
  PRINCIPAL,
  pushManifest,
  REPOSITORY,
  tag,
  type TestStores,
} from "../../tests/harness/stores.ts";
import { MAX_MOVES, type MoveAttributes, stored, type TagAttributes, tagKey } from "../items/mod.ts";
import type { Registry, StoredRegistry } from "../mod.ts";

const LATEST = tag("latest");

/** Image number `i`. */
function image(i: number): Uint8Array<ArrayBuffer> {
  return imageOf(CONFIG, [], { annotations: { i: `${i}` } });
}

/** Digests of the images from number `first` down to `last`. */
function digestsDown(first: number, last: number): string[] {
  return Array.from({ length: first - last + 1 }, (_, i) => digest(image(first - i)));
}

async function pushImages(registry: Registry, count: number, first = 0): Promise<void> {
  for (let i = first; i < first + count; i++) await pushManifest(registry, image(i), "latest");
}

/** A full pass of garbage collection. */
async function collectAll({ collect }: StoredRegistry): Promise<void> {
  for (let step = await collect(); step.next !== undefined;) step = await collect({ after: step.next });
}

async function historyOf(registry: Registry): Promise<string[]> {
  return (await registry.getTagHistory(REPOSITORY, LATEST)).map(({ digest }) => digest);
}

/** Keys of the moves beside the tag. */
async function movesOf(stores: TestStores): Promise<string[]> {
  return (await stores.items()).map(({ sk }) => sk).filter((sk) => sk.startsWith("moved#"));
}

async function readItem(stores: TestStores) {
  return stored<TagAttributes>(await stores.table.get(tagKey(REPOSITORY, LATEST)))!;
}

/** Writes the tag as an earlier state of the registry did: with all its moves, of images 0 to `count` - 1. */
async function writeEarlierTag(stores: TestStores, registry: Registry, count: number): Promise<void> {
  await pushImages(registry, count);
  const { history: _, ...attributes } = (await readItem(stores)).attributes;
  const moves: MoveAttributes[] = await registry.getTagHistory(REPOSITORY, LATEST);
  for (const { pk, sk, version } of await stores.items()) {
    if (sk.startsWith("moved#")) await stores.table.delete({ pk, sk }, { ifVersion: version });
  }
  await stores.table.putMany([{ ...tagKey(REPOSITORY, LATEST), attributes: { ...attributes, moves } }]);
}

Deno.test("putManifest() keeps the item of a tag small when the tag moves often", async () => {
  const { stores, registry } = await withBlobs();
  const size = async () => JSON.stringify((await readItem(stores)).attributes).length;
  await pushImages(registry, 1);
  const first = await size();
  await pushImages(registry, 40, 1);
  assertEquals(await size(), first + 1, "one more digit in the number of the last move");
  assertEquals(await historyOf(registry), digestsDown(40, 9));
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`putManifest() that dies ${moment} any storage call loses no move`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const { stores, registry } = await withBlobs();
      await pushImages(registry, 2);
      const { isReached, ...mortal } = dyingStores(stores, at, moment);
      await pushManifest(stores.registry(mortal).registry, image(2), "latest").catch(() => {});
      reached = isReached();
      const hasMoved = await registry.resolveTag(REPOSITORY, LATEST) === digest(image(2));
      assertEquals(await historyOf(registry), digestsDown(hasMoved ? 2 : 1, 0), `call ${at}`);
      await pushManifest(registry, image(3), "latest");
      assertEquals((await historyOf(registry)).slice(1), digestsDown(hasMoved ? 2 : 1, 0), `call ${at}`);
    }
  });

  Deno.test(`putManifest() keeps each move of an item of an earlier state when the tag moves ${moment} any of its calls`, async () => {
    for (const count of [3, MAX_MOVES]) {
      for (let at = 1, reached = true; reached; at++) {
        const { stores, registry } = await withBlobs();
        await writeEarlierTag(stores, registry, count);
        const move = () => pushManifest(registry, image(100), "latest");
        const { isReached, ...watched } = interruptedStores(stores, at, moment, move);
        await pushManifest(stores.registry(watched).registry, image(101), "latest");
        reached = isReached();
        const pushed = (reached ? [100, 101] : [101]).map((i) => digest(image(i)));
        const history = await historyOf(registry);
        assertEquals(history.slice(0, pushed.length).sort(), pushed.sort(), `call ${at}`);
        const oldest = Math.max(0, count + pushed.length - MAX_MOVES);
        assertEquals(history.slice(pushed.length), digestsDown(count - 1, oldest), `call ${at}`);
      }
    }
  });
}

Deno.test("getTagHistory() lists the moves in an item of an earlier state, and those of pushes since", async () => {
  const { stores, registry } = await withBlobs();
  await writeEarlierTag(stores, registry, 3);
  assertEquals(await historyOf(registry), digestsDown(2, 0));
  await pushManifest(registry, image(2), "latest");
  assertEquals(await historyOf(registry), digestsDown(2, 0));
  assertEquals(await movesOf(stores), []);
  stores.now += 10;
  await pushImages(registry, 1, 3);
  assertEquals((await readItem(stores)).attributes.moves, [
    { digest: digest(image(3)), mediaType: IMAGE, at: stores.now, by: PRINCIPAL },
  ]);
  assertEquals(await historyOf(registry), digestsDown(3, 0));
});

Deno.test("getTagHistory() begins anew for a tag that was deleted", async () => {
  const { registry } = await withBlobs();
  await pushImages(registry, 3);
  await registry.deleteTag(REPOSITORY, LATEST);
  await pushImages(registry, 2, 3);
  assertEquals(await historyOf(registry), digestsDown(4, 3));
});

for (const way of ["candidates", "a full pass"] as const) {
  Deno.test(`garbage collection by ${way} removes the moves that no history has any more`, async () => {
    const { stores, registry } = await withBlobs();
    const process = stores.registry();
    const run = () => way === "candidates" ? process.collectCandidates() : collectAll(process);
    const histories = async () => (await movesOf(stores)).map((sk) => sk.split("#")[2]);
    await pushImages(registry, 3);
    await registry.deleteTag(REPOSITORY, LATEST);
    const earlier = await histories();
    await pushImages(registry, 40, 3);
    assertEquals((await histories()).length, 2 + 39);
    stores.now += 3 * 24 * 60 * 60_000;
    await run();
    const left = await histories();
    assertEquals([left.length, left.filter((id) => earlier.includes(id))], [MAX_MOVES - 1, []]);
    assertEquals(await historyOf(registry), digestsDown(42, 11));
    await registry.deleteTag(REPOSITORY, LATEST);
    stores.now += 3 * 24 * 60 * 60_000;
    await run();
    assertEquals(await movesOf(stores), []);
  });
}
