import { DatabaseSync } from "node:sqlite";
import { relative } from "node:path";

/**
 * What is in the data folder of a stopped registry and should not be once every upload has expired, a line for each:
 * uploads, unfinished files, and objects that nothing names. (A blob that no repository has any more is the business of
 * garbage collection, and so is an edge without its manifest.)
 */
export async function findLeftovers(data: string): Promise<string[]> {
  const { uploads, objects } = readTable(`${data}/table.sqlite`);
  const files = await Array.fromAsync(walk(`${data}/objects`), (path) => relative(`${data}/objects`, path));
  const present = new Set(files.filter((file) => file.endsWith(".object")));
  return [
    ...uploads.map((id) => `Item ${id} is left`),
    ...files.filter((file) => !present.has(file)).map((file) => `File ${file} is left`),
    ...[...present].filter((file) => !objects.has(file)).map((file) => `Object ${file} is named by nothing`),
    // Not left over but lost; reading everything back finds that out, unless nobody may read it any more.
    ...[...objects].filter((file) => !present.has(file)).map((file) => `Object ${file} is missing`),
  ];
}

/** The uploads that there are, and the file of each object that a blob or manifest names. */
function readTable(path: string): { uploads: string[]; objects: Set<string> } {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const uploads: string[] = [];
    const objects = new Set<string>();
    for (const { pk, attributes } of database.prepare("SELECT pk, attributes FROM item").iterate()) {
      const { object } = JSON.parse(String(attributes));
      if (String(pk).startsWith("upload#")) uploads.push(String(pk));
      else if (object !== undefined) objects.add(`${object}.object`);
    }
    return { uploads, objects };
  } finally {
    database.close();
  }
}

/** Every file below the folder, and every folder of parts; those of keys are few and stay. */
async function* walk(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && !name.includes(".")) yield* walk(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
