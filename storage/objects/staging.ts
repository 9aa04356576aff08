import { join } from "node:path";
import { ensureFolder, syncFolder, unlessAbsent } from "../durable_folder.ts";
import { UnavailableError } from "../errors.ts";
import { PRIVATE_FILE_MODE } from "../private_files.ts";
import type { Part } from "./object_store.ts";
import { isPartsId, type Paths, randomPartsId } from "./object_tree.ts";
import { PartsFile, writeAll } from "./parts_file.ts";

/**
 * {@linkcode Part.etag} of a part that was written at its place in the staged object. Short, because an upload stores
 * thousands.
 */
const IN_PLACE = "0";

/** A staged object that parts are being written to. */
interface Use {
  file: PartsFile;
  writers: number;
  /** Resolves when the last of them is done. */
  done: PromiseWithResolvers<void>;
}

/** The parts that this process writes, and what becomes of them. */
export class Staging {
  readonly #partSize: number;
  /** By the path of the staged object. A file is open as long as a part is on its way to it. */
  readonly #uses = new Map<string, Use>();

  /** Staging area for parts of `partSize` bytes. */
  constructor(partSize: number) {
    this.#partSize = partSize;
  }

  /** Stores a part. Returns its ETag; `undefined` if the object was not begun. */
  async put(paths: Paths, number: number, bytes: Uint8Array): Promise<string | undefined> {
    const use = this.#begin(paths.staged);
    if (!use) return undefined;
    try {
      if (!use.file.take(number)) return await putAgain(paths, number, bytes);
      await use.file.write(number, bytes);
      await use.file.sync();
      return IN_PLACE;
    } finally {
      this.#end(paths.staged, use);
    }
  }

  /** Publishes the staged parts as the object. Returns false if nothing is staged. */
  async complete(paths: Paths, parts: Part[], size: number): Promise<boolean> {
    // No write may reach the file once it is an object, so wait for writes in progress. They do not count: the list of
    // parts is final.
    for (let use; (use = this.#uses.get(paths.staged));) await use.done.promise;
    using file = PartsFile.open(paths.staged, this.#partSize);
    if (!file) return false;
    if (!file.isOurs) {
      throw new UnavailableError("complete an object", new Error("Another process is writing parts of it"));
    }
    for (const { number, size, etag } of parts) {
      if (etag !== IN_PLACE) await file.write(number, await readAgain(paths, number, size, etag));
    }
    await file.cut(size);
    await file.sync();
    await publish(paths); // with the file still locked
    return true;
  }

  #begin(path: string): Use | undefined {
    let use = this.#uses.get(path);
    if (!use) {
      const file = PartsFile.open(path, this.#partSize);
      if (!file) return undefined;
      use = { file, writers: 0, done: Promise.withResolvers() };
      this.#uses.set(path, use);
    }
    use.writers++;
    return use;
  }

  #end(path: string, use: Use): void {
    if (--use.writers > 0) return;
    this.#uses.delete(path);
    use.file[Symbol.dispose]();
    use.done.resolve();
  }
}

/** Makes the staged object the one that is found. */
export async function publish({ folder, staged, object }: Paths): Promise<void> {
  await Deno.rename(staged, object);
  await syncFolder(folder);
}

/** Writes a file to its end, has it synced, and closes it. */
export async function writeDurably(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  using open = file;
  await writeAll(open, bytes);
  await open.syncData();
}

/** Stores a part whose place is taken in its own file, which is copied to its place at the end. */
async function putAgain({ again }: Paths, number: number, bytes: Uint8Array): Promise<string> {
  const etag = randomPartsId();
  await ensureFolder(again);
  await writeDurably(
    await Deno.open(pathAgain(again, number, etag), {
      write: true,
      createNew: true,
      mode: PRIVATE_FILE_MODE,
    }),
    bytes,
  );
  await syncFolder(again);
  return etag;
}

async function readAgain({ again }: Paths, number: number, size: number, etag: string): Promise<Uint8Array> {
  // An invalid ETag must not get into a path.
  const bytes = isPartsId(etag)
    ? await unlessAbsent(Deno.readFile(pathAgain(again, number, etag)))
    : undefined;
  if (bytes?.length !== size) {
    throw new Error(`Cannot find part ${number} of ${size} bytes with etag "${etag}"`);
  }
  return bytes;
}

function pathAgain(again: string, number: number, etag: string): string {
  return join(again, `${number}-${etag}`);
}
