/** Where the benchmarks keep files: on the disk of the checkout, since a folder for temporary files may be in memory. */
const ROOT = new URL("../.work/bench/", import.meta.url).pathname;

/** A folder that goes when it is disposed of. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** Deletes what is in it. */
  empty(): Promise<void>;
}

/** A fresh folder. */
export async function makeFolder(): Promise<Folder> {
  await Deno.mkdir(ROOT, { recursive: true });
  const path = await Deno.makeTempDir({ dir: ROOT });
  return {
    path,
    async empty() {
      for await (const { name } of Deno.readDir(path)) {
        await Deno.remove(`${path}/${name}`, { recursive: true });
      }
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
