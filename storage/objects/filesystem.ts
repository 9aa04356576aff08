import { resolve } from "node:path";
import { ensureFolder, syncFolder, unlessAbsent } from "../durable_folder.ts";
import { toStorageError, UnknownPartsError } from "../errors.ts";
import { streamOfFile } from "./file_stream.ts";
import { checkKey, checkPrefix } from "./key.ts";
import type { ByteRange, ObjectStore, Part, StoredObject } from "./object_store.ts";
import { isPartsId, ObjectTree, type Paths, randomPartsId } from "./object_tree.ts";
import { checkPart, checkRange, DEFAULT_PART_BYTES, sizeOfParts } from "./parts.ts";
import { publish, Staging, writeDurably } from "./staging.ts";
import { walk } from "./walk.ts";

/** Settings of a {@linkcode FilesystemObjectStore}. */
export interface FilesystemObjectStoreOptions {
  /** See {@linkcode ObjectStore.partSize}; 1 MiB by default. Must not change while parts are incomplete. */
  partSize?: number;
}

/**
 * Object store in a folder, which several processes may use at once.
 *
 * An incomplete object lies beside its final place under its own name; the last step is a rename. {@linkcode
 * FilesystemObjectStore.listParts} finds the remains of a crash, also of a `put`.
 */
export class FilesystemObjectStore implements ObjectStore {
  readonly partSize: number;
  readonly #root: string;
  readonly #tree: ObjectTree;
  readonly #staging: Staging;

  private constructor(root: string, partSize: number) {
    this.partSize = partSize;
    this.#root = root;
    this.#tree = new ObjectTree(root);
    this.#staging = new Staging(partSize);
  }

  /** Opens the store in `folder`, and creates the folder if it does not exist. */
  static async open(
    folder: string,
    options: FilesystemObjectStoreOptions = {},
  ): Promise<FilesystemObjectStore> {
    const root = resolve(folder);
    await ensureFolder(root);
    return new FilesystemObjectStore(root, options.partSize ?? DEFAULT_PART_BYTES);
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    checkKey(key);
    const file = await unlessAbsent(Deno.open(this.#tree.pathsOf(key).object));
    if (!file) return await this.#absent(key);
    try {
      const { size } = await file.stat();
      const { first, last } = range ?? { first: 0, last: size - 1 };
      if (range) checkRange(range, size);
      if (first > 0) await file.seek(first, Deno.SeekMode.Start);
      return { size, body: streamOfFile(file, last - first + 1) };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async size(key: string): Promise<number | undefined> {
    checkKey(key);
    const found = await unlessAbsent(Deno.stat(this.#tree.pathsOf(key).object));
    return found ? found.size : await this.#absent(key);
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    checkKey(key);
    const paths = this.#tree.pathsOf(key, randomPartsId());
    try {
      await writeDurably(await this.#tree.create(paths.staged), bytes);
      await publish(paths);
    } catch (error) {
      await unlessAbsent(Deno.remove(paths.staged)).catch(() => {}); // listParts() will find it
      throw toStorageError(error);
    }
  }

  async startParts(key: string): Promise<string> {
    checkKey(key);
    const partsId = randomPartsId();
    const { folder, staged } = this.#tree.pathsOf(key, partsId);
    try {
      (await this.#tree.create(staged)).close();
      await syncFolder(folder);
    } catch (error) {
      throw toStorageError(error);
    }
    return partsId;
  }

  async putPart(
    key: string,
    partsId: string,
    number: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Part> {
    checkPart(number, bytes, this.partSize);
    const paths = this.#partsPaths(key, partsId);
    try {
      const etag = paths && await this.#staging.put(paths, number, bytes);
      if (etag !== undefined) return { number, size: bytes.length, etag };
    } catch (error) {
      throw toStorageError(error);
    }
    throw new UnknownPartsError(key, partsId);
  }

  async completeParts(key: string, partsId: string, parts: Part[]): Promise<void> {
    const size = sizeOfParts(parts, this.partSize);
    const paths = this.#partsPaths(key, partsId);
    if (!paths) throw new UnknownPartsError(key, partsId);
    try {
      if (!await this.#staging.complete(paths, parts, size)) {
        if (await this.size(key) !== size) throw new UnknownPartsError(key, partsId);
        // Complete already, but perhaps by a process that crashed before this step.
        await syncFolder(paths.folder);
      }
      await removeAll(paths.again);
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async abortParts(key: string, partsId: string): Promise<void> {
    const paths = this.#partsPaths(key, partsId);
    if (!paths) return;
    await unlessAbsent(Deno.remove(paths.staged));
    await removeAll(paths.again);
    await unlessAbsent(syncFolder(paths.folder));
  }

  async delete(keys: string[]): Promise<void> {
    keys.forEach(checkKey);
    const folders = new Set<string>();
    for (const key of keys) {
      const { folder, object } = this.#tree.pathsOf(key);
      await unlessAbsent(Deno.remove(object));
      folders.add(folder);
    }
    for (const folder of folders) await unlessAbsent(syncFolder(folder));
  }

  async list(prefix: string, options: { after?: string; limit: number }): Promise<string[]> {
    checkPrefix(prefix);
    const keys: string[] = [];
    for await (const { key, partsId } of walk(this.#root, prefix, options.after ?? "")) {
      if (keys.length >= options.limit) break;
      if (partsId === undefined) keys.push(key);
    }
    return keys;
  }

  async listParts(prefix: string, limit: number): Promise<{ key: string; partsId: string }[]> {
    checkPrefix(prefix);
    const begun = new Map<string, { key: string; partsId: string }>();
    for await (const { key, partsId } of walk(this.#root, prefix, "")) {
      if (begun.size >= limit) break;
      if (partsId !== undefined) begun.set(`${key}.${partsId}`, { key, partsId });
    }
    return [...begun.values()];
  }

  /** Answer for a missing object: an error if the folder of all objects is missing, as after an unmount. */
  async #absent(key: string): Promise<undefined> {
    if (await unlessAbsent(Deno.stat(this.#root))) return undefined;
    throw new Error(`Cannot read "${key}": the folder "${this.#root}" is missing`);
  }

  /** Paths of an object's parts; `undefined` for an id that this store did not make, which must not get into a path. */
  #partsPaths(key: string, partsId: string): Paths | undefined {
    checkKey(key);
    return isPartsId(partsId) ? this.#tree.pathsOf(key, partsId) : undefined;
  }
}

async function removeAll(folder: string): Promise<void> {
  await unlessAbsent(Deno.remove(folder, { recursive: true }));
}
