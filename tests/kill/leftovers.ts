import type { Stored } from "../harness/stored.ts";

/**
 * Remains in a stopped registry that should not exist once every upload has expired, a line for each: uploads,
 * unfinished files, and objects that nothing names. (A blob without a repository is the task of garbage collection, and
 * so is an edge without its manifest.)
 */
export async function findLeftovers(stored: Stored): Promise<string[]> {
  const uploads: string[] = [];
  const objects = new Set<string>();
  for (const { pk, attributes: { object } } of await stored.items()) {
    if (pk.startsWith("upload#")) uploads.push(pk);
    else if (object !== undefined) objects.add(`${object}.object`);
  }
  const files = (await stored.files()).map(({ path }) => path);
  const present = new Set(files.filter((file) => file.endsWith(".object")));
  return [
    ...uploads.map((id) => `Item ${id} is left`),
    ...files.filter((file) => !present.has(file)).map((file) => `File ${file} is left`),
    ...[...present].filter((file) => !objects.has(file)).map((file) => `Object ${file} is named by nothing`),
    // Not left over but lost; reading everything back finds that, except for content that no client may read.
    ...[...objects].filter((file) => !present.has(file)).map((file) => `Object ${file} is missing`),
  ];
}
