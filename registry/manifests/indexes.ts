import { type Digest, isDigest, type RepositoryName } from "../../oci/mod.ts";
import type { Context } from "../protocol/mod.ts";
import { edgePrefix, partsOf, repositoryPartition } from "../items/mod.ts";
import type { Page, PageRequest } from "../registry.ts";

/** Items of one page, at most. */
const MAX_PAGE_ITEMS = 1000;

/** Manifests whose edges lead to the manifest. Reads one query of the table. */
export async function listIndexes(
  context: Context,
  repository: RepositoryName,
  child: Digest,
  { limit = MAX_PAGE_ITEMS, after }: PageRequest,
): Promise<Page<Digest>> {
  const most = Math.min(limit, MAX_PAGE_ITEMS);
  if (most === 0) return { items: [] };
  const prefix = edgePrefix(child);
  const found = await context.table.query(repositoryPartition(repository), {
    prefix,
    limit: most,
    consistent: true,
    ...(after !== undefined && { after: prefix + after }),
  });
  const items = found.map((item) => partsOf("edge", item).manifest).filter(isDigest);
  const last = items.at(-1);
  return { items, ...(found.length === most && last !== undefined && { next: last }) };
}
