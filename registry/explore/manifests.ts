import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { MAX_SORT_KEY_BYTES } from "../../storage/ports.ts";
import type { Context } from "../protocol/mod.ts";
import {
  edgePrefix,
  MANIFEST_PREFIX,
  type ManifestAttributes,
  manifestKey,
  partsOf,
  type ReferrerAttributes,
  referrerPrefix,
  repositoryPartition,
  stored,
  type TagAttributes,
  taggedPrefix,
  tagKey,
} from "../items/mod.ts";
import type { BoundedCount, ManifestFacts, ReferrerFacts, Slice, Some } from "./explorer.ts";

/** These manifests. */
export async function readManifests(
  { table }: Context,
  repository: RepositoryName,
  digests: readonly Digest[],
): Promise<(ManifestFacts | undefined)[]> {
  if (digests.length === 0) return [];
  const keys = digests.map((digest) => manifestKey(repository, digest));
  const items = await table.getMany(keys, { consistent: true });
  return items.map((item, i) => {
    const found = stored<ManifestAttributes>(item);
    if (found === undefined || found.attributes.missing) return undefined;
    const { mediaType, size, subject, pushedAt, pushedBy, object } = found.attributes;
    return {
      digest: digests[i]!,
      mediaType,
      size,
      pushedAt,
      pushedBy,
      ...(subject !== undefined && { subject }),
      ...(object === undefined && { bytes: found.bytes ?? new Uint8Array() }),
    };
  });
}

/** Manifests whose digests begin with `start`. */
export async function readDigestsFrom(
  { table }: Context,
  repository: RepositoryName,
  start: string,
  limit: number,
): Promise<Digest[]> {
  const pk = repositoryPartition(repository);
  const keys = await table.queryKeys(pk, { prefix: MANIFEST_PREFIX + start, limit });
  return keys.map((sk) => partsOf("manifest", { pk, sk }).digest);
}

/** Tags that point to a manifest: the tag marks, and then the tags, because a mark may be of an earlier move. */
export async function readTagsOf(
  { table }: Context,
  repository: RepositoryName,
  digest: Digest,
  limit: number,
): Promise<Some<Tag>> {
  const pk = repositoryPartition(repository);
  const options = { prefix: taggedPrefix(digest), limit: limit + 1, consistent: true };
  const keys = await table.queryKeys(pk, options);
  const marked = keys.map((sk) => partsOf("tag mark", { pk, sk }).tag).slice(0, limit);
  if (marked.length === 0) return { items: [], more: false };
  const tags = await table.getMany(marked.map((tag) => tagKey(repository, tag)), { consistent: true });
  const items = marked.filter((_, i) => stored<TagAttributes>(tags[i])?.attributes.digest === digest);
  return { items, more: keys.length > limit };
}

/** Manifests that reference the target, by their edges. An edge can outlive its manifest until the next collection. */
export async function readReferencing(
  { table }: Context,
  repository: RepositoryName,
  target: Digest,
  limit: number,
): Promise<Some<Digest>> {
  const pk = repositoryPartition(repository);
  const options = { prefix: edgePrefix(target), limit: limit + 1, consistent: true };
  const keys = await table.queryKeys(pk, options);
  const items = keys.slice(0, limit).map((sk) => partsOf("edge", { pk, sk }).manifest);
  return { items, more: keys.length > limit };
}

/** Number of referrers of a subject. */
export async function countReferrers(
  { table }: Context,
  repository: RepositoryName,
  subject: string,
  limit: number,
): Promise<BoundedCount> {
  const prefix = referrerPrefix(subject);
  if (prefix.length > MAX_SORT_KEY_BYTES) return { count: 0, more: false };
  const keys = await table.queryKeys(repositoryPartition(repository), {
    prefix,
    limit: limit + 1,
    consistent: true,
  });
  return { count: Math.min(keys.length, limit), more: keys.length > limit };
}

/** All referrers of a repository. */
export async function readReferrers(
  { table }: Context,
  repository: RepositoryName,
  { after, limit }: Slice,
): Promise<ReferrerFacts[]> {
  const prefix = referrerPrefix();
  const from = after === undefined ? {} : { after: prefix + after };
  const items = await table.query(repositoryPartition(repository), { prefix, ...from, limit });
  return items.map((item) => {
    const { subject, manifest: digest } = partsOf("referrer", item);
    const artifactType = stored<ReferrerAttributes>(item)!.attributes.descriptor?.artifactType;
    return {
      subject,
      digest,
      position: item.sk.slice(prefix.length),
      ...(artifactType !== undefined && { artifactType }),
    };
  });
}

/** Number and bytes of manifests. */
export async function readManifestSizes(
  { table }: Context,
  repository: RepositoryName,
  { after, limit }: Slice,
): Promise<{ count: number; bytes: number; next?: string }> {
  const from = after === undefined ? {} : { after: MANIFEST_PREFIX + after };
  const items = await table.query(repositoryPartition(repository), {
    prefix: MANIFEST_PREFIX,
    ...from,
    limit,
  });
  const bytes = items.reduce((sum, item) => sum + stored<ManifestAttributes>(item)!.attributes.size, 0);
  const last = items.at(-1);
  return {
    count: items.length,
    bytes,
    ...(items.length === limit && last && { next: partsOf("manifest", last).digest }),
  };
}
