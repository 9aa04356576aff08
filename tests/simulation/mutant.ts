import type { Edit } from "./mutations/mod.ts";
import type { RegistryModule } from "./simulation.ts";

const ROOT = new URL("../../", import.meta.url);

/** The folders whose code may have mistakes. */
const COPIED = ["registry", "cache"];

/** Copies of `registry/` and `cache/` with these edits in them, in a folder that goes with them. */
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
        await Deno.writeTextFile(`${folder}/${room}/${name}`, withRealImports(own.reduce(apply, source)));
      }
    }
    for (const { file } of missing) throw new Error(`Cannot change "${file}": it does not exist`);
    const [{ createRegistry }, { cached }] = await Promise.all(
      COPIED.map((room) => import(`file://${folder}/${room}/mod.ts`)),
    ) as [Pick<RegistryModule, "createRegistry">, Pick<RegistryModule, "cached">];
    return { module: { createRegistry, cached }, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function pathOf(file: string): string {
  return file.includes("/") ? file : `registry/${file}`;
}

/** What is not copied is the real one. */
function withRealImports(source: string): string {
  return source
    .replaceAll(/((?:from|import\() ?")\.\.\/(?!(?:registry|cache)\/)/g, `$1${ROOT}`)
    .replaceAll('"lru-cache"', `"${import.meta.resolve("lru-cache")}"`);
}

function apply(source: string, { file, find, replace }: Edit): string {
  const pieces = source.split(find);
  if (pieces.length === 2) return pieces.join(replace);
  throw new Error(`Cannot change "${file}": ${pieces.length - 1} places are \`${find}\``);
}
