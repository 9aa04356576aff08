import type { RepositoryName } from "../../oci/mod.ts";
import { inParallel, type Item } from "../../storage/ports.ts";
import type { Context } from "../protocol/mod.ts";
import {
  type BlobAttributes,
  blobPartition,
  COLLECTION,
  EXPIRY_SHARDS,
  identify,
  LINKED_PREFIX,
  partsOf,
  type RepositoryAttributes,
  repositoryKey,
  repositoryPartition,
  stored,
  type UploadAttributes,
  uploadKey,
  USAGE,
  type UsageAttributes,
  usageKey,
} from "../items/mod.ts";
import type { BlobShare, LeaseFacts, RepositoryFacts, Slice, UploadFacts } from "./explorer.ts";

/** Requests at the same time. */
const PARALLEL_READS = 16;

/** Facts about repositories. */
export async function readRepositories(
  { table }: Context,
  names: readonly RepositoryName[],
): Promise<(RepositoryFacts | undefined)[]> {
  if (names.length === 0) return [];
  const keys = [...names.map(repositoryKey), ...names.map(usageKey)];
  const items = await table.getMany(keys, { consistent: true });
  return names.map((_, i) => {
    const repository = stored<RepositoryAttributes>(items[i]);
    const usage = stored<UsageAttributes>(items[names.length + i]);
    if (repository === undefined) return undefined;
    const { createdAt } = repository.attributes;
    return { createdAt, ...(usage && { bytes: usage.attributes.bytes }) };
  });
}

/** Open uploads of one shard. */
export async function readUploads(
  { table, now }: Context,
  shard: number,
  { after, limit }: Slice,
): Promise<{ uploads: UploadFacts[]; next?: string }> {
  const from = after === undefined ? {} : { after };
  const items = await table.queryIndex(EXPIRY_SHARDS[shard]!, { ...from, limit });
  const last = items.at(-1);
  return {
    uploads: items.map(uploadOf).filter((upload) => upload !== undefined)
      .filter(({ expiresAt }) => expiresAt > now()),
    ...(items.length === limit && last && { next: last.index!.sk }),
  };
}

/** Upload that has not ended. */
export async function readUpload({ table }: Context, id: string): Promise<UploadFacts | undefined> {
  const item = await table.get(uploadKey(id), { consistent: true });
  return item && uploadOf(item);
}

/** `undefined` for the object of a manifest, and for an upload that has ended. */
function uploadOf(item: Item): UploadFacts | undefined {
  const { kind, repository, principal, state, offset, expiresAt } = stored<UploadAttributes>(item)!
    .attributes;
  if (kind !== "blob" || state !== "open" && state !== "committing") return undefined;
  return { id: partsOf("upload", item).id, repository, principal, state, bytes: offset, expiresAt };
}

/** Blobs of a repository, by the index of links, each with its item and up to two links. */
export async function readBlobs(
  { table }: Context,
  repository: RepositoryName,
  { after, limit }: Slice,
): Promise<BlobShare[]> {
  const from = after === undefined ? {} : { after: LINKED_PREFIX + after };
  const links = await table.queryIndex(repositoryPartition(repository), {
    prefix: LINKED_PREFIX,
    ...from,
    limit,
  });
  return await inParallel(links, PARALLEL_READS, async (link) => {
    const { digest } = partsOf("link", link);
    const items = await table.query(blobPartition(digest), { limit: 3 });
    const blob = items.find((item) => identify(item)?.kind === "blob");
    const others = items.filter((item) => identify(item)?.kind === "link");
    return {
      digest,
      size: stored<BlobAttributes>(blob)?.attributes.size ?? 0,
      isShared: others.length > 1,
    };
  });
}

/** Counted bytes of repositories with a quota. */
export async function readUsage(
  { table }: Context,
  prefix: string,
  covers: (repository: RepositoryName) => boolean,
  limit: number,
): Promise<{ bytes: number; complete: boolean }> {
  const items = await table.queryIndex(USAGE, { prefix, limit: limit + 1 });
  const counted = items.slice(0, limit).filter((item) => covers(item.index!.sk as RepositoryName));
  const bytes = counted.reduce((sum, item) => sum + stored<UsageAttributes>(item)!.attributes.bytes, 0);
  return { bytes, complete: items.length <= limit };
}

/** Leases on background work. */
export async function readLeases({ table }: Context): Promise<LeaseFacts[]> {
  const items = await table.query(COLLECTION, { limit: 100 });
  return items.map((item) => {
    const { claimedUntil, done } = item.attributes;
    return {
      name: partsOf("lease", item).name,
      until: typeof claimedUntil === "number" ? claimedUntil : 0,
      ...(typeof done === "number" && { done }),
    };
  });
}
