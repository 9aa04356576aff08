import type { StorageUse } from "../../api/mod.ts";
import type { RepositoryName } from "../../oci/mod.ts";
import { tableOf } from "../table.ts";
import { formatBytes } from "../units.ts";
import type { Output } from "./output.ts";
import { after, pagesOf } from "./pages.ts";
import type { BoundApi } from "./source.ts";

/** Storage that a repository takes. Bytes. */
interface Use extends Omit<StorageUse, "part"> {
  /** `own`, `shared` and `manifestBytes`. */
  total: number;
}

/**
 * `skerry du`: prints the storage of each repository, and tells the bytes that only this one has from those that others
 * have too.
 *
 * @param only Repository to show; all if absent.
 * @returns The exit code: 1 if the repository does not exist.
 */
export async function du(api: BoundApi, only: RepositoryName | undefined, output: Output): Promise<number> {
  const { print, json, width } = output;
  const uses = new Map<string, Use>();
  for await (const { repositories } of pagesOf((last) => api.listStorage(after(last)))) {
    for (const part of repositories) if (only === undefined || part.name === only) add(uses, part);
    // Repositories come in the order of their names.
    if (only !== undefined && repositories.some(({ name }) => name > only)) break;
  }
  const list = [...uses.values()].toSorted((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
  if (json) { for (const use of list) print(JSON.stringify(use)); }
  else if (list.length > 0) {
    const right = { align: "right" as const };
    const columns = [
      { title: "REPOSITORY" },
      { title: "TOTAL", ...right },
      { title: "OWN", ...right },
      { title: "SHARED", ...right },
      { title: "BLOBS", ...right },
      { title: "MANIFESTS", ...right },
    ];
    print(tableOf(columns, list.map(rowOf), { width }));
  } else print(only === undefined ? "No repositories" : `No such repository: "${only}"`);
  return list.length === 0 && only !== undefined ? 1 : 0;
}

/** Adds a part to the use of its repository. */
function add(
  uses: Map<string, Use>,
  { name, blobs, manifests, own, shared, manifestBytes }: StorageUse,
): void {
  const use = uses.get(name) ??
    { name, total: 0, own: 0, shared: 0, manifestBytes: 0, blobs: 0, manifests: 0 };
  use.own += own;
  use.shared += shared;
  use.manifestBytes += manifestBytes;
  use.blobs += blobs;
  use.manifests += manifests;
  use.total += own + shared + manifestBytes;
  uses.set(name, use);
}

function rowOf({ name, total, own, shared, blobs, manifests }: Use): string[] {
  return [name, formatBytes(total), formatBytes(own), formatBytes(shared), `${blobs}`, `${manifests}`];
}
