import { type Digest, RegistryError, type RepositoryName } from "../oci/mod.ts";
import { isObject } from "./json.ts";
import type { Lister, Reader } from "../registry/interface.ts";

/** Registry in which indexes are looked for. */
export type IndexStore = Pick<Reader, "getManifest"> & Pick<Lister, "listIndexes">;

/** Maximum indexes that are read for one manifest. */
const MAX_INDEXES = 64;

/** Maximum levels of indexes above a manifest. */
const MAX_LEVELS = 3;

/**
 * Indexes of the repository that contain the manifest, those that contain it directly first, then those above them. The
 * signature of an index is one of its children: it signs the index's bytes, which have their digests.
 */
export async function* coveringIndexes(
  store: IndexStore,
  repository: RepositoryName,
  digest: Digest,
): AsyncGenerator<Digest> {
  const seen = new Set<Digest>([digest]);
  let level = [digest];
  for (let depth = 0; depth < MAX_LEVELS && level.length > 0; depth++) {
    const above: Digest[] = [];
    for (const child of level) {
      const { items } = await store.listIndexes(repository, child, { limit: MAX_INDEXES });
      for (const index of items) {
        if (seen.has(index)) continue;
        if (seen.size > MAX_INDEXES) return;
        seen.add(index);
        if (!await contains(store, repository, { index, child })) continue;
        above.push(index);
        yield index;
      }
    }
    level = above;
  }
}

/** True if the index exists and has the child. The list of indexes is a hint: it may have failed pushes. */
async function contains(
  store: IndexStore,
  repository: RepositoryName,
  { index, child }: { index: Digest; child: Digest },
): Promise<boolean> {
  try {
    const { bytes } = await store.getManifest(repository, { digest: index });
    const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const children = isObject(document) && Array.isArray(document.manifests) ? document.manifests : [];
    return children.some((entry: unknown) => isObject(entry) && entry.digest === child);
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return false;
    throw error;
  }
}
