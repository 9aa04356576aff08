import type { Edit } from "./mutations/mod.ts";
import type { RegistryModule } from "./simulation.ts";

const ROOT = new URL("../../", import.meta.url);

/** The folders whose code may have mistakes. */
const COPIED = ["registry", "cache", "backup"];

/** Copies of `registry/`, `cache/` and `backup/` with these edits in them, in a folder that goes with them. */
export async function makeMutant(
  edits: readonly Edit[],
): Promise<AsyncDisposable & { module: RegistryModule }> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-mutant-" });
  const dispose = () => Deno.remove(folder, { recursive: true });
  try {
    const missing = new Set(edits);
    for (const room of COPIED) {
      for await (const path of sourcesIn(room)) {
        const source = await Deno.readTextFile(new URL(path, ROOT));
        const own = edits.filter(({ file }) => file === path);
        for (const edit of own) missing.delete(edit);
        await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
        await Deno.writeTextFile(`${folder}/${path}`, withRealImports(own.reduce(apply, source), path));
      }
    }
    for (const { file } of missing) throw new Error(`Cannot change "${file}": it does not exist`);
    const modules = await Promise.all(COPIED.map((room) => import(`file://${folder}/${room}/mod.ts`)));
    const { createRegistry, cached, restore, snapshot }: RegistryModule = Object.assign({}, ...modules);
    return { module: { createRegistry, cached, restore, snapshot }, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
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
      const room = href.slice(ROOT.href.length).split("/", 1)[0]!;
      return start + (COPIED.includes(room) ? path : href);
    })
    .replaceAll('"lru-cache"', `"${import.meta.resolve("lru-cache")}"`);
}

function apply(source: string, { file, find, replace }: Edit): string {
  const pieces = source.split(find);
  if (pieces.length === 2) return pieces.join(replace);
  throw new Error(`Cannot change "${file}": ${pieces.length - 1} places are \`${find}\``);
}
