import type { Edit } from "./mutations/mod.ts";
import type { RegistryModule } from "./open_registry.ts";

const ROOT = new URL("../../", import.meta.url);

/** Folders whose code may have mistakes. */
const FOLDERS = ["registry", "cache", "backup"];

/** Files outside of these folders that may have mistakes, too. They import no other file. */
const FILES = ["storage/ttl_cache.ts"];

/** True if mistakes can be made in the file. */
export function isCopied(path: string): boolean {
  return FILES.includes(path) || FOLDERS.includes(path.split("/", 1)[0]!);
}

/** Copies of {@linkcode FOLDERS} and {@linkcode FILES} with these edits, in a folder that is removed with them. */
export async function makeMutant(
  edits: readonly Edit[],
): Promise<AsyncDisposable & { module: RegistryModule }> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-mutant-" });
  const dispose = () => Deno.remove(folder, { recursive: true });
  try {
    const missing = new Set(edits);
    for await (const path of copiedSources()) {
      const source = await Deno.readTextFile(new URL(path, ROOT));
      const own = edits.filter(({ file }) => file === path);
      for (const edit of own) missing.delete(edit);
      await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, withRealImports(own.reduce(apply, source), path));
    }
    for (const { file } of missing) throw new Error(`Cannot change "${file}": it does not exist`);
    const doors = [...FOLDERS, "registry/near"];
    const modules = await Promise.all(doors.map((room) => import(`file://${folder}/${room}/mod.ts`)));
    const { createRegistry, cached, nearObjects, nearReads, restore, snapshot }: RegistryModule = Object
      .assign({}, ...modules);
    const module = { createRegistry, cached, nearObjects, nearReads, restore, snapshot };
    return { module, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Paths of the sources that are copied, from the root of the repository. */
async function* copiedSources(): AsyncGenerator<string> {
  yield* FILES;
  for (const folder of FOLDERS) yield* sourcesIn(folder);
}

/** Paths of the sources in a folder and the folders below it, from the root of the repository. */
async function* sourcesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sourcesIn(path);
    else if (!name.endsWith("_test.ts")) yield path;
  }
}

/** The source of a file, with the real one in the place of all that is not copied. */
function withRealImports(source: string, file: string): string {
  return source
    .replaceAll(/((?:from|import\() ?")(\.{1,2}\/[^"]+)/g, (_, start: string, path: string) => {
      const { href } = new URL(path, new URL(file, ROOT));
      return start + (isCopied(href.slice(ROOT.href.length)) ? path : href);
    })
    .replaceAll('"lru-cache"', `"${import.meta.resolve("lru-cache")}"`);
}

function apply(source: string, { file, find, replace }: Edit): string {
  const pieces = source.split(find);
  if (pieces.length === 2) return pieces.join(replace);
  throw new Error(`Cannot change "${file}": ${pieces.length - 1} places are \`${find}\``);
}
