import process from "node:process";
import { cached } from "../../cache/mod.ts";
import { type Digest, parseRepositoryName, type RepositoryName, type Tag } from "../../oci/mod.ts";
import { createRegistry, type Registry, UNRESTRICTED_CALLER } from "../../registry/mod.ts";
import { type Key, MemoryObjectStore, MemoryTable, type ObjectStore, type Table } from "../../storage/mod.ts";
import { withoutChangeCount } from "../harness/call_counts.ts";
import { body, digest, hooked, IMAGE, imageOf, PRINCIPAL } from "../harness/stores.ts";
import { seeded } from "../random.ts";
import type { Figure } from "./figure.ts";

const IMAGES = 2000;
const REPOSITORIES = 200;
const PULLS = 50_000;
const CLIENTS = 64;
const SEED = 20261128;
const CONFIG_BYTES = 3000;
/** Larger than the blobs whose bytes a process caches. */
const LAYER_BYTES = 66_000;

/** Manifests and small blobs in memory by default. */
const CACHED_MIB = 32;
/** Growth of the process beside the caches: garbage, and the facts about blobs. */
const GARBAGE_MIB = 48;

/** Shares of the default limits: everything fits, and a fraction does. */
const SHARES = [1, 1 / 8];

/** An image in the stores. */
interface StoredImage {
  repository: RepositoryName;
  tag: Tag;
  blobs: Digest[];
}

/** Requests to the stores. */
interface Requests {
  table: number;
  /** Reads of one manifest each. */
  manifests: number;
  /** Reads of one blob each, by a request that found nothing in memory. */
  blobs: number;
  objects: number;
}

/**
 * Pulls of images, some of which are far more popular than others, from one process: the parts that each tier answers.
 * The counts depend on the seed alone.
 */
export async function zipf(): Promise<Figure[]> {
  const objects = new MemoryObjectStore();
  const table = new MemoryTable();
  const images = await pushImages(createRegistry({ objects, table }).registry);
  const figures: Figure[] = [];
  for (const share of SHARES) {
    const requests: Requests = { table: 0, manifests: 0, blobs: 0, objects: 0 };
    const { registry, epochs } = createRegistry(countedStores(objects, table, requests));
    const before = process.memoryUsage().rss;
    await pullAll(cached(registry, epochs, { share }), images);
    figures.push(...figuresOf(share, requests, process.memoryUsage().rss - before));
  }
  return figures;
}

async function pushImages(registry: Registry): Promise<StoredImage[]> {
  const images: StoredImage[] = [];
  for (let number = 0; number < IMAGES; number++) {
    const repository = parseRepositoryName(`bench/zipf-${number % REPOSITORIES}`);
    const [config, layer] = [unique(CONFIG_BYTES, number), unique(LAYER_BYTES, number)];
    for (const bytes of [config, layer]) {
      await registry.putBlob(repository, PRINCIPAL, digest(bytes), body(bytes, { chunk: bytes.length }));
    }
    const tag = `image-${number}` as Tag;
    const reference = { reference: { tag }, tags: [], condition: {} };
    const push = { bytes: imageOf(config, [layer]), contentType: IMAGE, ...reference };
    await registry.putManifest(repository, UNRESTRICTED_CALLER, push);
    images.push({ repository, tag, blobs: [config, layer].map((bytes) => digest(bytes)) });
  }
  return images;
}

function unique(size: number, number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** The stores as a process far away has them: each call takes a turn of the event loop. */
function countedStores(
  objects: ObjectStore,
  table: Table,
  requests: Requests,
): { objects: ObjectStore; table: Table } {
  const far = hooked(table, async (method, [keys]) => {
    requests.table++;
    if (method === "get" && (keys as Key).sk.startsWith("manifest#")) requests.manifests++;
    // A blob is its link and its item; the batch of a whole image has those of several.
    if (method === "getMany" && (keys as Key[]).length === 2 && (keys as Key[])[1]!.sk === "blob") {
      requests.blobs++;
    }
    await nextTurn();
  });
  return {
    objects: hooked(objects, async () => {
      requests.objects++;
      await nextTurn();
    }),
    table: withoutChangeCount(far),
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function pullAll(registry: Registry, images: StoredImage[]): Promise<void> {
  const choose = popular(images);
  let left = PULLS;
  const client = async () => {
    while (left-- > 0) await pull(registry, choose());
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

async function pull(registry: Registry, { repository, tag, blobs }: StoredImage): Promise<void> {
  await registry.getManifest(repository, { tag });
  await nextTurn(); // the client's own
  await Promise.all(blobs.map(async (blob) => {
    const reader = await registry.getBlob(repository, blob);
    if (reader.bytes === undefined) await (await reader.open()).cancel();
  }));
}

/** Chooses by Zipf's law with exponent 1: the second image half as often as the first, the third a third as often. */
function popular(images: StoredImage[]): () => StoredImage {
  const random = seeded(SEED);
  const weights = images.map((_, rank) => 1 / (rank + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return () => {
    let point = random(2 ** 32 - 1) / 2 ** 32 * total;
    return images[weights.findIndex((weight) => (point -= weight) < 0)] ?? images.at(-1)!;
  };
}

function figuresOf(share: number, requests: Requests, grown: number): Figure[] {
  const { table, manifests, blobs, objects } = requests;
  const small = objects - PULLS; // every pull opens its layer
  const figure = (name: string, value: number, detail: string): Figure => ({
    name: `zipf, memory x ${share}: ${name}`,
    samples: [value],
    unit: "x",
    counts: "median",
    detail,
  });
  return [
    figure("manifests from memory", 1 - manifests / PULLS, `${manifests} read`),
    figure("blobs found in memory", 1 - blobs / (2 * PULLS), `${blobs} read one by one`),
    figure("configurations from memory", 1 - small / PULLS, `${small} read`),
    figure("requests to the table for each pull", table / PULLS, `${table}`),
    figure("requests to the object store for each pull", objects / PULLS, `${objects}, one for each layer`),
    {
      ...figure("growth of the process", grown / 2 ** 20, `${CACHED_MIB * share} MiB configured`),
      unit: "MiB",
      counts: "largest",
      target: { atMost: CACHED_MIB * share + GARBAGE_MIB },
    },
  ];
}
