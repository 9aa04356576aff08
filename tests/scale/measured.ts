import type { Tag } from "../../oci/mod.ts";
import { type StoredRegistry, UNRESTRICTED_CALLER } from "../../registry/mod.ts";
import type { Item } from "../../storage/mod.ts";
import { sizeOf } from "../../storage/table/dynamodb/testing/item_size.ts";
import { digest } from "../harness/stores.ts";
import {
  blobsOf,
  openWorld,
  pullImage,
  pushBlob,
  pushImage,
  pushManifest,
  repositoryOf,
  settled,
  type World,
} from "./flows.ts";
import type { Units } from "./unit_meter.ts";

/** Capacity units by partition. */
export type ByPartition = Map<string, Units>;

/** Day, in milliseconds. */
const DAY_MS = 86_400_000;

/** Units of an image of five layers, from a registry that runs. */
export interface ImageUnits {
  /** New blobs, into a repository that exists. */
  push: ByPartition;
  /** The first one of a process. */
  firstPull: ByPartition;
  /** A later one. */
  pull: ByPartition;
  /** A later one with `SKERRY_CACHE_AGE`. */
  agedPull: ByPartition;
}

/** Pushes and pulls an image, and counts. */
export async function imageUnits(): Promise<ImageUnits> {
  const world = openWorld();
  const [repository, blobs] = [repositoryOf(0), blobsOf(1)];
  const { registry } = world.process();
  await pushImage(registry, repository, blobsOf(0), "other");
  const push = await during(world, () => pushImage(registry, repository, blobs));
  const pulls = async (age: number) => {
    const { registry } = world.process(age);
    const pull = () => pullImage(registry, repository, blobs);
    return [await during(world, pull), await during(world, pull)] as const;
  };
  const [firstPull, pull] = await pulls(0);
  const [, agedPull] = await pulls(DAY_MS);
  return { push, firstPull, pull, agedPull };
}

/** Units of requests in a repository that has this many tags. */
export interface TagUnits {
  /** Push of one more tag, whose layers the repository has except for one. */
  push: ByPartition;
  /** Page of 100 tags. */
  page: ByPartition;
}

/** Pushes images that share all layers except for one, and counts the last one. */
export async function tagUnits(tags: number): Promise<TagUnits> {
  const world = openWorld();
  const { registry } = world.process();
  const repository = repositoryOf(0);
  const [config, ...layers] = blobsOf(0);
  await pushImage(registry, repository, [config!, ...layers], "first");
  const pushTag = async (number: number) => {
    const [own] = blobsOf(number + 1, 0);
    await pushBlob(registry, repository, own!);
    await pushManifest(registry, repository, [own!, ...layers], `build-${number}`);
  };
  for (let number = 0; number < tags; number++) await pushTag(number);
  return {
    push: await during(world, () => pushTag(tags)),
    page: await during(world, () => registry.listTags(repository, { limit: 100 })),
  };
}

/** Units of requests for a blob that this many repositories link. */
export interface SharedBlobUnits {
  /** HEAD of the blob. */
  head: ByPartition;
  /** Mount into one more repository. */
  mount: ByPartition;
  /** Garbage collection after the deletion of one image with the blob. */
  collect: ByPartition;
}

/** Pushes an image of one blob, mounts the blob into many repositories, each with the image, and counts more requests. */
export async function sharedBlobUnits(repositories: number): Promise<SharedBlobUnits> {
  const world = openWorld();
  const stored = world.process();
  const { registry } = stored;
  const blobs = blobsOf(0, 0);
  const blob = digest(blobs[0]!);
  await pushImage(registry, repositoryOf(0), blobs);
  const mount = (number: number) =>
    registry.mountBlob(repositoryOf(number), UNRESTRICTED_CALLER, blob, repositoryOf(0));
  for (let number = 1; number < repositories; number++) {
    await mount(number);
    await pushManifest(registry, repositoryOf(number), blobs);
  }
  const head = await during(world, () => registry.statBlob(repositoryOf(1), blob));
  const mounted = await during(world, () => mount(repositories));
  world.now += 3 * DAY_MS;
  await collectAll(stored); // the mounts left candidates
  const { digest: manifest } = await registry.getManifest(repositoryOf(0), { tag: "latest" as Tag });
  await registry.deleteManifest(repositoryOf(0), manifest);
  world.now += 3 * DAY_MS;
  return { head, mount: mounted, collect: await during(world, () => stored.collectCandidates()) };
}

async function collectAll({ collectCandidates }: StoredRegistry): Promise<void> {
  while ((await collectCandidates()).candidates > 0);
}

/** Items, and their bytes as DynamoDB counts them. */
export interface Items {
  count: number;
  bytes: number;
  /** Bytes of those in the partitions of repositories. */
  repositoryBytes: number;
}

/** Items of a registry after its uploads have expired. */
export interface ImageItems extends Items {
  /** Bytes of the link of one blob. */
  linkBytes: number;
  /** Bytes of the item of the repository. */
  repositoryItemBytes: number;
  /** Further items of an image that shares all layers except one with another. */
  perTag: Items;
}

/** Pushes an image into an empty registry, then another one, and counts the items. */
export async function imageItems(): Promise<ImageItems> {
  const world = openWorld();
  const { registry, sweep } = world.process();
  const [config, ...layers] = blobsOf(0);
  await pushImage(registry, repositoryOf(0), [config!, ...layers], "first");
  const items = await settledItems();
  const [own] = blobsOf(1, 0);
  await pushBlob(registry, repositoryOf(0), own!);
  await pushManifest(registry, repositoryOf(0), [own!, ...layers.slice(1), own!], "second");
  const later = sumOf(await settledItems());
  const sum = sumOf(items);
  const links = items.filter(({ pk, sk }) => pk.startsWith("blob#") && sk.startsWith("repo#"));
  return {
    ...sum,
    linkBytes: sumOf(links).bytes / links.length,
    repositoryItemBytes: sumOf(items.filter(({ pk }) => pk === "repos")).bytes,
    perTag: {
      count: later.count - sum.count,
      bytes: later.bytes - sum.bytes,
      repositoryBytes: later.repositoryBytes - sum.repositoryBytes,
    },
  };

  async function settledItems(): Promise<Item[]> {
    world.now += 2 * DAY_MS;
    await sweep();
    return (await world.table.scan({ limit: 1000 })).items;
  }
}

function sumOf(items: Item[]): Items {
  const bytes = (some: Item[]) => some.reduce((sum, item) => sum + sizeOf(item), 0);
  return {
    count: items.length,
    bytes: bytes(items),
    repositoryBytes: bytes(items.filter(({ pk }) => pk.startsWith("repo#"))),
  };
}

async function during(world: World, run: () => Promise<unknown>): Promise<ByPartition> {
  await settled();
  world.meter.take();
  await run();
  await settled();
  return world.meter.take();
}
