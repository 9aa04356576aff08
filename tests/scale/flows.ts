import { cached } from "../../cache/mod.ts";
import { parseRepositoryName, type RepositoryName, type Tag } from "../../oci/mod.ts";
import {
  createRegistry,
  type Registry,
  type StoredRegistry,
  UNRESTRICTED_CALLER,
} from "../../registry/mod.ts";
import { MemoryObjectStore, MemoryTable, type Table } from "../../storage/mod.ts";
import { withoutChangeCount } from "../harness/call_counts.ts";
import { body, content, digest, IMAGE, imageOf, PRINCIPAL } from "../harness/stores.ts";
import { UnitMeter } from "./unit_meter.ts";

/** Layers of an image, beside its configuration. */
export const LAYERS = 5;

/** Bytes of a layer: more than a process keeps in memory. */
const LAYER_BYTES = 70_000;

/** A registry whose table is metered, with a clock that stands still until it is moved. */
export interface World {
  /** Milliseconds since the epoch. */
  now: number;
  meter: UnitMeter;
  /** Not metered. */
  table: Table;
  /** A process with a memory of its own. `age` is SKERRY_CACHE_AGE in milliseconds. */
  process(age?: number): StoredRegistry;
}

/** An empty registry. */
export function openWorld(): World {
  const objects = new MemoryObjectStore({ partSize: 1 << 20 });
  const meter = new UnitMeter();
  const items = new MemoryTable();
  const table = withoutChangeCount(meter.over(items));
  const world: World = {
    now: 1_700_000_000_000,
    meter,
    table: items,
    process(age = 0) {
      const now = () => world.now++; // keys in the index have the time of their write
      const stored = createRegistry({ objects, table, now, steady: now, sleep: () => Promise.resolve() });
      return { ...stored, registry: cached(stored.registry, stored.epochs, { age, now }) };
    },
  };
  return world;
}

/** Repository of a number. */
export function repositoryOf(number: number): RepositoryName {
  return parseRepositoryName(`team/application-${number}`);
}

/** Blobs of an image: the configuration first. Those of another seed differ. */
export function blobsOf(seed: number, layers = LAYERS): Uint8Array<ArrayBuffer>[] {
  const unique = (bytes: Uint8Array<ArrayBuffer>, number: number) => {
    new DataView(bytes.buffer).setUint32(0, seed * 100 + number);
    return bytes;
  };
  return Array.from(
    { length: layers + 1 },
    (_, number) => unique(content(number === 0 ? 1000 : LAYER_BYTES, number), number),
  );
}

/** Pushes a blob as docker does: HEAD, POST, PATCH and PUT. */
export async function pushBlob(
  registry: Registry,
  repository: RepositoryName,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  await registry.statBlob(repository, digest(bytes)).catch(() => {});
  const { id } = await registry.startUpload(repository, PRINCIPAL);
  await registry.appendUpload(repository, PRINCIPAL, id, body(bytes, { chunk: 32_768 }));
  await registry.commitUpload(repository, PRINCIPAL, id, digest(bytes));
}

/** Puts the manifest of an image under a tag. */
export async function pushManifest(
  registry: Registry,
  repository: RepositoryName,
  [config, ...layers]: Uint8Array<ArrayBuffer>[],
  tag = "latest",
): Promise<void> {
  await registry.putManifest(repository, UNRESTRICTED_CALLER, {
    bytes: imageOf(config!, layers),
    contentType: IMAGE,
    reference: { tag: tag as Tag },
    tags: [],
    condition: {},
  });
}

/** Pushes an image, none of whose blobs the registry has. */
export async function pushImage(
  registry: Registry,
  repository: RepositoryName,
  blobs: Uint8Array<ArrayBuffer>[],
  tag?: string,
): Promise<void> {
  for (const bytes of blobs) await pushBlob(registry, repository, bytes);
  await pushManifest(registry, repository, blobs, tag);
}

/** Pulls an image as docker does: HEAD by its tag, GET by its digest, GET of each blob. */
export async function pullImage(
  registry: Registry,
  repository: RepositoryName,
  blobs: Uint8Array<ArrayBuffer>[],
): Promise<void> {
  const { digest: manifest } = await registry.getManifest(repository, { tag: "latest" as Tag }, {
    exact: true,
  });
  await registry.getManifest(repository, { digest: manifest });
  for (const bytes of blobs) {
    const reader = await registry.getBlob(repository, digest(bytes));
    await (await reader.open()).cancel();
  }
}

/** Waits for the reads that follow an answer. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
