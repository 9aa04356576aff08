import { join } from "node:path";
import { StartError } from "../../config/mod.ts";
import type { ByteRange, StoredObject } from "../../storage/ports.ts";
import { DamageError, type SourceEntry, type SourceTree } from "./source_tree.ts";

/** A folder of this machine. Symbolic links below it are not followed: they could lead to any file of the machine. */
export class FolderTree implements SourceTree {
  readonly place: string;
  readonly isLocal = true;
  readonly #root: string;

  private constructor(place: string, root: string) {
    this.place = place;
    this.#root = root;
  }

  /**
   * Opens an existing folder, which may itself be a symbolic link.
   *
   * @throws {StartError} if it does not exist or cannot be read.
   */
  static async open(folder: string): Promise<FolderTree> {
    try {
      const root = await Deno.realPath(folder);
      if (!(await Deno.stat(root)).isDirectory) throw new Error("it is not a folder");
      for await (const _ of Deno.readDir(root)) break;
      return new FolderTree(`folder ${folder}`, root);
    } catch (error) {
      throw new StartError(`Cannot read the folder "${folder}": ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async *entries(folder: string): AsyncGenerator<SourceEntry> {
    const path = await this.#locate(folder);
    if (path === undefined) return;
    const names = Deno.readDir(path)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await reading(names.next());
        if (next === undefined || next.done) return;
        const { name, isFile, isDirectory } = next.value;
        yield { name, kind: isFile ? "file" : isDirectory ? "folder" : "other" };
      }
    } finally {
      await names.return?.();
    }
  }

  async size(path: string): Promise<number | undefined> {
    return (await this.#file(path))?.size;
  }

  async get(path: string, range?: ByteRange): Promise<StoredObject | undefined> {
    const found = await this.#file(path);
    if (found === undefined) return undefined;
    const { size } = found;
    if (range !== undefined && range.last >= size) throw new DamageError("is shorter than it was");
    const file = await reading(Deno.open(found.path));
    if (file === undefined) return undefined;
    if (range !== undefined) await file.seek(range.first, Deno.SeekMode.Start);
    return { size, body: file.readable };
  }

  /** A regular file. Its kind is known before it is opened, because opening a named pipe waits for a writer. */
  async #file(path: string): Promise<{ path: string; size: number } | undefined> {
    const located = await this.#locate(path);
    if (located === undefined) return undefined;
    const info = await reading(Deno.lstat(located));
    if (info === undefined) return undefined;
    if (!info.isFile) throw new DamageError("is not a regular file");
    return { path: located, size: info.size };
  }

  /** Absolute path; `undefined` if it does not exist. */
  async #locate(path: string): Promise<string | undefined> {
    const absolute = join(this.#root, path);
    const real = await reading(Deno.realPath(absolute));
    if (real === undefined || real === absolute) return real;
    throw new DamageError("is behind a symbolic link, which is not followed");
  }
}

/** Result of a call of the file system; `undefined` if the path does not exist. */
async function reading<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw new DamageError(`cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
