import type { RepositoryName } from "../../oci/mod.ts";
import { indexPages, queryPages } from "../../storage/ports.ts";
import {
  type BlobAttributes,
  blobKey,
  isReadable,
  LINKED_PREFIX,
  MANIFEST_PREFIX,
  type ManifestAttributes,
  partsOf,
  repositoryPartition,
  stored,
  type UsageAttributes,
  usageKey,
} from "../items/mod.ts";
import { addUsage } from "../limits/mod.ts";
import { beginWork, type Context } from "../protocol/mod.ts";
import { allRepositories } from "../repositories/mod.ts";

/** Items of one query; of manifests fewer, since each may have 256 KiB. */
const PAGE_ITEMS = 100;
const PAGE_MANIFESTS = 20;

/** Counts again the bytes of each repository that `covers` accepts. Bytes that are pushed meanwhile stay counted. */
export async function recountUsage(
  context: Context,
  covers: (repository: RepositoryName) => Promise<boolean>,
): Promise<void> {
  for await (const repository of allRepositories(context)) {
    if (!await covers(repository)) continue;
    const known = stored<UsageAttributes>(
      await context.table.get(usageKey(repository), { consistent: true }),
    );
    const counted = await countBlobs(context, repository) + await countManifests(context, repository);
    await addUsage(beginWork(context), repository, counted - (known?.attributes.bytes ?? 0));
  }
}

async function countBlobs({ table }: Context, repository: RepositoryName): Promise<number> {
  let sum = 0;
  const pages = indexPages(table, repositoryPartition(repository), {
    prefix: LINKED_PREFIX,
    limit: PAGE_ITEMS,
  });
  for await (const links of pages) {
    const keys = links.map((link) => blobKey(partsOf("link", link).digest));
    for (const item of await table.getMany(keys)) {
      const blob = stored<BlobAttributes>(item);
      if (blob !== undefined && isReadable(blob.attributes)) sum += blob.attributes.size;
    }
  }
  return sum;
}

async function countManifests({ table }: Context, repository: RepositoryName): Promise<number> {
  let sum = 0;
  const query = { prefix: MANIFEST_PREFIX, limit: PAGE_MANIFESTS };
  for await (const items of queryPages(table, repositoryPartition(repository), query)) {
    for (const item of items) sum += stored<ManifestAttributes>(item)!.attributes.size;
  }
  return sum;
}
