import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/name.ts";
import type { Item } from "../../storage/table/table.ts";
import { ANYBODY } from "../caller.ts";
import { beginWork, type Context, type Work } from "../protocol/context.ts";
import {
  type BlobAttributes,
  blobKey,
  isReadable,
  MANIFEST_PREFIX,
  type ManifestAttributes,
  stored,
  USAGE,
  type UsageAttributes,
  usageItem,
  usageKey,
} from "../items/items.ts";
import { listRepositories } from "../repositories/repositories.ts";

/** Items of one query; of manifests fewer, since each may have 256 KiB. */
const BATCH = 100;
const MANIFEST_BATCH = 20;

/** How often a count is tried that others write at the same time: one that is lost is made good by the next recount. */
const ATTEMPTS = 8;

/**
 * Adds to what a repository is counted to have, in bytes. A crash before it, or one try too many, leaves the count wrong
 * until the next {@linkcode recountUsage}: nothing but quotas goes by it.
 */
export async function addUsage(
  { table, now }: Pick<Work, "table" | "now">,
  repository: RepositoryName,
  bytes: number,
): Promise<void> {
  if (bytes === 0) return;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = stored<UsageAttributes>(await table.get(usageKey(repository), { consistent: true }));
    const total = Math.max(0, (known?.attributes.bytes ?? 0) + bytes);
    const condition = known === undefined ? { ifAbsent: true as const } : { ifVersion: known.version };
    if (await table.put(usageItem(repository, { bytes: total, at: now() }), condition) !== undefined) return;
  }
}

/** Forgets what was counted of a repository that is gone. */
export async function forgetUsage(work: Work, repository: RepositoryName): Promise<void> {
  const known = await work.table.get(usageKey(repository), { consistent: true });
  if (known !== undefined) await work.table.delete(usageKey(repository), { ifVersion: known.version });
}

/** Bytes that the repositories have for which `covers` says so, as counted. Their names begin with `prefix`. */
export async function sumUsage(
  { table }: Pick<Context, "table">,
  prefix: string,
  covers: (repository: RepositoryName) => boolean,
): Promise<number> {
  let sum = 0;
  const query = (from: { after?: string }) => table.queryIndex(USAGE, { prefix, ...from, limit: BATCH });
  for await (const items of pagesOf(query, ({ index }) => index!.sk, BATCH)) {
    for (const item of items) {
      if (covers(item.index!.sk as RepositoryName)) sum += stored<UsageAttributes>(item)!.attributes.bytes;
    }
  }
  return sum;
}

/** Counts anew what each repository has for which `covers` says so. What is pushed meanwhile stays counted. */
export async function recountUsage(
  context: Context,
  covers: (repository: RepositoryName) => Promise<boolean>,
): Promise<void> {
  let after: string | undefined;
  do {
    const page = await listRepositories(context, { limit: BATCH, ...(after && { after }) }, ANYBODY);
    for (const repository of page.items) {
      if (!await covers(repository)) continue;
      const known = stored<UsageAttributes>(
        await context.table.get(usageKey(repository), { consistent: true }),
      );
      const counted = await countBlobs(context, repository) + await countManifests(context, repository);
      await addUsage(beginWork(context), repository, counted - (known?.attributes.bytes ?? 0));
    }
    after = page.next;
  } while (after !== undefined);
}

async function countBlobs({ table }: Context, repository: RepositoryName): Promise<number> {
  let sum = 0;
  const query = (from: { after?: string }) =>
    table.queryIndex(`repo#${repository}`, { prefix: "blob#", ...from, limit: BATCH });
  for await (const links of pagesOf(query, ({ index }) => index!.sk, BATCH)) {
    const keys = links.map(({ pk }) => blobKey(pk.slice("blob#".length) as Digest));
    for (const item of await table.getMany(keys)) {
      const blob = stored<BlobAttributes>(item);
      if (blob !== undefined && isReadable(blob.attributes)) sum += blob.attributes.size;
    }
  }
  return sum;
}

async function countManifests({ table }: Context, repository: RepositoryName): Promise<number> {
  let sum = 0;
  const query = (from: { after?: string }) =>
    table.query(`repo#${repository}`, { prefix: MANIFEST_PREFIX, ...from, limit: MANIFEST_BATCH });
  for await (const items of pagesOf(query, ({ sk }) => sk, MANIFEST_BATCH)) {
    for (const item of items) sum += stored<ManifestAttributes>(item)!.attributes.size;
  }
  return sum;
}

async function* pagesOf(
  query: (from: { after?: string }) => Promise<Item[]>,
  placeOf: (item: Item) => string,
  limit: number,
): AsyncGenerator<Item[]> {
  for (let from = {};;) {
    const items = await query(from);
    if (items.length > 0) yield items;
    if (items.length < limit) return;
    from = { after: placeOf(items.at(-1)!) };
  }
}
