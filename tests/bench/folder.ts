/** Folder of the benchmarks: on the disk of the checkout, since a folder for temporary files may be in memory. */
const ROOT = new URL("../.work/bench/", import.meta.url).pathname;

/** A folder that goes when it is disposed of. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** Deletes the files of exactly so many bytes, however deep they lie. */
  deleteFiles(size: number): Promise<void>;
}

/** A fresh folder. */
export async function makeFolder(): Promise<Folder> {
  await Deno.mkdir(ROOT, { recursive: true });
  const path = await Deno.makeTempDir({ dir: ROOT });
  return {
    path,
    deleteFiles: (size) => deleteFiles(path, size),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function deleteFiles(folder: string, size: number): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await deleteFiles(path, size);
    else if ((await Deno.stat(path)).size === size) await Deno.remove(path);
  }
}

/** Path of a file of this size in a folder or below it. */
export async function findFile(folder: string, size: number): Promise<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isFile && (await Deno.stat(path)).size === size) return path;
    if (isDirectory) {
      const found = await findFile(path, size).catch(() => undefined);
      if (found !== undefined) return found;
    }
  }
  throw new Error(`Cannot find a file of ${size} bytes in "${folder}"`);
}
