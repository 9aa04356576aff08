import type { Edit } from "./mutations/mod.ts";
import type { RegistryModule } from "./simulation.ts";

const ROOT = new URL("../../", import.meta.url);

/** A copy of `registry/` with these edits in it, in a folder that goes with it. */
export async function makeMutant(
  edits: readonly Edit[],
): Promise<AsyncDisposable & { module: RegistryModule }> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-mutant-" });
  const dispose = () => Deno.remove(folder, { recursive: true });
  try {
    for await (const { name, isFile } of Deno.readDir(new URL("registry/", ROOT))) {
      if (!isFile || name.endsWith("_test.ts")) continue;
      const source = await Deno.readTextFile(new URL(`registry/${name}`, ROOT));
      const own = edits.filter(({ file }) => file === name);
      // All but its own folder is the real one.
      const mutated = own.reduce(apply, source).replaceAll(/(from|import\() ?"\.\.\//g, `$1 "${ROOT}`);
      await Deno.writeTextFile(`${folder}/${name}`, mutated);
    }
    for (const { file } of edits) await Deno.stat(`${folder}/${file}`);
    return { module: await import(`file://${folder}/mod.ts`), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function apply(source: string, { file, find, replace }: Edit): string {
  const pieces = source.split(find);
  if (pieces.length === 2) return pieces.join(replace);
  throw new Error(`Cannot change "${file}": ${pieces.length - 1} places are \`${find}\``);
}
