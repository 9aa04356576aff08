/**
 * Registries over memory whose clock, calls and contents a test has in its hands.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  type Digest,
  type DigestAlgorithm,
  digestOf,
  parseRepositoryName,
  type RepositoryName,
  type Tag,
} from "../../oci/mod.ts";
import {
  createRegistry,
  type Registry,
  type RegistryOptions,
  type StoredRegistry,
  UNRESTRICTED_CALLER,
  type UploadBody,
} from "../../registry/mod.ts";
import { type BlobAttributes, blobKey } from "../../registry/stored.ts";
import {
  type Item,
  type Key,
  MemoryObjectStore,
  MemoryTable,
  type NewItem,
  type ObjectStore,
  readAll,
  type Table,
} from "../../storage/mod.ts";

/** A point at which something happens to a call, by the name of its method (`put`, `completeParts`, ...). */
export type Hook = (method: string, args: unknown[]) => void | Promise<void>;

/** `target` with `before` run ahead of each call of a method, and `after` when the call is done. */
export function hooked<T extends object>(target: T, before: Hook, after: Hook = () => {}): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name, object);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        await before(String(name), args);
        const result = await value.apply(object, args);
        await after(String(name), args);
        return result;
      };
    },
  });
}

/** Stores, a clock, and the registries over them. */
export class TestStores {
  /** The present in milliseconds since the epoch; moves only when a test moves it. */
  now = 1_700_000_000_000;
  readonly objects: ObjectStore;
  readonly table: Table;
  readonly #keys = new Map<string, Key>();
  /** Milliseconds for which processes have slept, which move only their steady clocks. */
  #slept = 0;

  /** Empty stores; parts are small, so that a few bytes are many parts. With `objects`, another table beside these. */
  constructor(
    { partSize = 8, verifies = false, objects }: {
      partSize?: number;
      verifies?: boolean;
      objects?: ObjectStore;
    } = {},
  ) {
    this.objects = objects ?? new MemoryObjectStore({ partSize, verifies });
    this.table = hooked<Table>(new MemoryTable(), (method, args) => {
      const items = method === "put" ? [args[0]] : method === "putMany" ? args[0] as unknown[] : [];
      for (const { pk, sk } of items as NewItem[]) this.#keys.set(`${pk} ${sk}`, { pk, sk });
    });
  }

  /** A process over the stores. */
  registry(options: Partial<RegistryOptions> = {}): StoredRegistry {
    return createRegistry({
      objects: this.objects,
      table: this.table,
      now: () => this.now,
      steady: () => this.now + this.#slept,
      sleep: (milliseconds) => Promise.resolve(void (this.#slept += milliseconds)),
      ...options,
    });
  }

  /** Every item there is. */
  async items(): Promise<Item[]> {
    const items = await this.table.getMany([...this.#keys.values()], { consistent: true });
    return items.filter((item) => item !== undefined);
  }

  /** The keys of every object there is. */
  async keys(): Promise<string[]> {
    return await this.objects.list("", { limit: 1_000_000 });
  }
}

/** Sets the state of the blob's item, as collectors and scrubs do. */
export async function setBlobState(
  { table }: TestStores,
  blob: Digest,
  state: BlobAttributes["state"],
): Promise<void> {
  const item = await table.get(blobKey(blob));
  if (item === undefined) throw new Error(`Cannot set the state of "${blob}": no such blob`);
  const attributes = { ...item.attributes, state };
  const version = await table.put({ ...blobKey(blob), attributes }, { ifVersion: item.version });
  if (version === undefined) throw new Error(`Cannot set the state of "${blob}": it was changed meanwhile`);
}

/** The repository that most tests push to. */
export const REPOSITORY: RepositoryName = parseRepositoryName("library/test");

/** Another repository. */
export const OTHER: RepositoryName = parseRepositoryName("library/other");

/** Principal of the pushes in most tests. */
export const PRINCIPAL = "anonymous";

/** A tag that is one. */
export const tag = (name: string): Tag => name as Tag;

/** The bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** `size` bytes that differ from those of another seed. */
export function content(size: number, seed = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 97 + (i >> 3)) & 0xff);
}

/** The digest of bytes. */
export function digest(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return digestOf(algorithm, createHash(algorithm).update(bytes).digest("hex"));
}

/** A body that comes in chunks of `chunk` bytes, and then ends or fails with `error`. */
export function body(bytes: Uint8Array<ArrayBuffer>, options: {
  chunk?: number;
  first?: number;
  error?: Error;
  length?: number;
} = {}): UploadBody {
  const { chunk = 5, first, error, length } = options;
  let at = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at += chunk));
      else if (error === undefined) controller.close();
      else controller.error(error);
    },
  });
  const range = first === undefined ? {} : { range: { first, last: first + (length ?? bytes.length) - 1 } };
  return { stream, idle: 60_000, ...(length === undefined ? {} : { length }), ...range };
}

/** Pushes a blob by POST and PUT. */
export async function pushBlob(
  registry: Registry,
  bytes: Uint8Array<ArrayBuffer>,
  repository: RepositoryName = REPOSITORY,
): Promise<Digest> {
  const { id } = await registry.startUpload(repository, PRINCIPAL);
  await registry.commitUpload(repository, PRINCIPAL, id, digest(bytes), body(bytes));
  return digest(bytes);
}

/** All bytes of a blob. */
export async function readBlob(
  registry: Registry,
  blob: Digest,
  repository: RepositoryName = REPOSITORY,
): Promise<Uint8Array> {
  const reader = await registry.getBlob(repository, blob);
  return await readAll(await reader.open());
}

/** The media type of {@linkcode imageOf}. */
export const IMAGE = "application/vnd.oci.image.manifest.v1+json";

/** The media type of {@linkcode indexOf}. */
export const INDEX = "application/vnd.oci.image.index.v1+json";

/** An image manifest whose configuration and layers are blobs of these bytes. */
export function imageOf(
  config: Uint8Array,
  layers: Uint8Array[],
  more: Record<string, unknown> = {},
): Uint8Array<ArrayBuffer> {
  const describe = (mediaType: string) => (bytes: Uint8Array) => ({
    mediaType,
    digest: digest(bytes),
    size: bytes.length,
  });
  return utf8(JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: describe("application/vnd.oci.image.config.v1+json")(config),
    layers: layers.map(describe("application/vnd.oci.image.layer.v1.tar")),
    ...more,
  }));
}

/** An index of manifests, or of whatever else has this media type. */
export function indexOf(children: Uint8Array[], mediaType = IMAGE): Uint8Array<ArrayBuffer> {
  const manifests = children.map((bytes) => ({ mediaType, digest: digest(bytes), size: bytes.length }));
  return utf8(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
}

/** Pushes a manifest by tags, or by its digest where there are none. */
export async function pushManifest(
  registry: Registry,
  bytes: Uint8Array<ArrayBuffer>,
  ...tags: string[]
): Promise<Digest> {
  const [first, ...rest] = tags.map(tag);
  const reference = first === undefined ? { digest: digest(bytes) } : { tag: first };
  const { mediaType } = JSON.parse(new TextDecoder().decode(bytes));
  const push = { bytes, contentType: mediaType, reference, tags: rest, condition: {} };
  return (await registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, push)).digest;
}
