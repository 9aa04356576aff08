const ROOT = new URL("../../", import.meta.url);

const SKIPPED = /^(\.git|tests\/\.work|data|coverage)$/;

const NOT_PRODUCTION = /^(tests|docs)\/|_test\.tsx?$|(^|\/)(testing|contract)\//;

/** True for a source that is neither a test nor a tool. */
export function isProduction(path: string): boolean {
  return !NOT_PRODUCTION.test(path);
}

/** Every TypeScript source of the project, by its path from the root. */
export async function readSources(
  folder = "",
  sources: Map<string, string> = new Map(),
): Promise<Map<string, string>> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    const path = folder + name;
    if (isDirectory && !SKIPPED.test(path)) await readSources(`${path}/`, sources);
    else if (/\.tsx?$/.test(name)) sources.set(path, await Deno.readTextFile(new URL(path, ROOT)));
  }
  return sources;
}
