import type { Edit } from "./mutations/mod.ts";
import type { RegistryModule } from "./simulation.ts";

const ROOT = new URL("../../", import.meta.url);

/** The folders whose code may have mistakes. */
const COPIED = ["registry", "registry/scrub", "cache", "backup"];

/** Copies of `registry/`, `cache/` and `backup/` with these edits in them, in a folder that goes with them. */
export async function makeMutant(
  edits: readonly Edit[],
): Promise<AsyncDisposable & { module: RegistryModule }> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-mutant-" });
  const dispose = () => Deno.remove(folder, { recursive: true });
  try {
    const missing = new Set(edits);
    for (const room of COPIED) {
      await Deno.mkdir(`${folder}/${room}`);
      for await (const { name, isFile } of Deno.readDir(new URL(`${room}/`, ROOT))) {
        if (!isFile || name.endsWith("_test.ts")) continue;
        const source = await Deno.readTextFile(new URL(`${room}/${name}`, ROOT));
        const own = edits.filter(({ file }) => pathOf(file) === `${room}/${name}`);
        for (const edit of own) missing.delete(edit);
        const mutated = withRealImports(own.reduce(apply, source), `${room}/${name}`);
        await Deno.writeTextFile(`${folder}/${room}/${name}`, mutated);
      }
    }
    for (const { file } of missing) throw new Error(`Cannot change "${file}": it does not exist`);
    const rooms = ["registry", "cache", "backup"];
    const modules = await Promise.all(rooms.map((room) => import(`file://${folder}/${room}/mod.ts`)));
    const { createRegistry, cached, restore, snapshot }: RegistryModule = Object.assign({}, ...modules);
    return { module: { createRegistry, cached, restore, snapshot }, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function pathOf(file: string): string {
  return file.includes("/") ? file : `registry/${file}`;
}

/** The source of a file, with the real one in the place of all that is not copied. */
function withRealImports(source: string, file: string): string {
  return source
    .replaceAll(/((?:from|import\() ?")(\.{1,2}\/[^"]+)/g, (_, start: string, path: string) => {
      const { href } = new URL(path, new URL(file, ROOT));
      const room = href.slice(ROOT.href.length, href.lastIndexOf("/"));
      return start + (COPIED.includes(room) ? path : href);
    })
    .replaceAll('"lru-cache"', `"${import.meta.resolve("lru-cache")}"`);
}

function apply(source: string, { file, find, replace }: Edit): string {
  const pieces = source.split(find);
  if (pieces.length === 2) return pieces.join(replace);
  throw new Error(`Cannot change "${file}": ${pieces.length - 1} places are \`${find}\``);
}
