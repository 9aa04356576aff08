import { join } from "node:path";
import { unlessAbsent } from "../durable_folder.ts";
import { compareUtf8 } from "../utf8_order.ts";
import { type Entry, parseEntry } from "./object_tree.ts";

/** A folder of keys, or what belongs to one key; `path` is how the key, or every key in the folder, begins. */
type Place = { path: string; entry?: Entry };

/**
 * Entries under `root` whose keys begin with `prefix` and sort after `after`, in key order. Reads one folder at a time,
 * and skips folders that cannot contain such a key.
 */
export async function* walk(root: string, prefix: string, after: string): AsyncGenerator<Entry> {
  yield* walkFolder(root, prefix.slice(0, prefix.lastIndexOf("/") + 1), prefix, after);
}

async function* walkFolder(
  root: string,
  base: string,
  prefix: string,
  after: string,
): AsyncGenerator<Entry> {
  const places: Place[] = [];
  for (const { name, isDirectory } of await unlessAbsent(readFolder(join(root, base))) ?? []) {
    const entry = parseEntry(base, name);
    const place = entry ? { path: entry.key, entry } : { path: `${base}${name}/` };
    const isOurs = entry !== undefined || (isDirectory && !name.includes("."));
    if (isOurs && place.path.startsWith(prefix) && !isPassed(place, after)) places.push(place);
  }
  // The position of a folder in key order is that of its first key: "b" < "b-c" < "b/" < "b0".
  for (const { path, entry } of places.sort((a, b) => compareUtf8(a.path, b.path))) {
    if (entry) yield entry;
    else yield* walkFolder(root, path, prefix, after);
  }
}

/** True if no key of the place sorts after `after`. */
function isPassed({ path, entry }: Place, after: string): boolean {
  if (compareUtf8(path, after) > 0) return false;
  return entry !== undefined || !after.startsWith(path);
}

async function readFolder(folder: string): Promise<Deno.DirEntry[]> {
  return await Array.fromAsync(Deno.readDir(folder));
}
