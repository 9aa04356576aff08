import { type Digest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import type { ByteRange, Item } from "../../storage/ports.ts";
import {
  assertUnneeded,
  beginWork,
  bestEffort,
  changeEpoch,
  type Context,
  healBlob,
  leaveCandidates,
  purgeItems,
  RETRY,
  retryOnConflict,
  type Work,
} from "../protocol/mod.ts";
import type { Caller } from "../caller.ts";
import { removeLink } from "./collect_blob.ts";
import { countingBlob, holdBlob, holdingRoom, type IsImmutable } from "../limits/mod.ts";
import {
  type BlobAttributes,
  blobKey,
  blobPartition,
  isReadable,
  type LinkAttributes,
  linkItem,
  linkKey,
  partsOf,
  type Stored,
  stored,
} from "../items/mod.ts";
import { mayBeTorn, type Membership, mountLink } from "./link.ts";
import type { BlobInfo, BlobReader, ByteStream } from "../registry.ts";

/** end-2, HEAD. */
export async function statBlob(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<BlobReader> {
  const membership = await readMembership(context, repository, digest);
  if (needsTouch(context, membership.link)) await touch(context, repository, digest);
  else if (mayBeTorn(context, membership)) await assertBlob(context, digest);
  return readerOf(context, repository, digest, membership);
}

/** Throws if the blob does not exist (any more). */
async function assertBlob(context: Context, digest: Digest): Promise<void> {
  const blob = stored<BlobAttributes>(await context.table.get(blobKey(digest), { consistent: true }));
  if (blob === undefined || !isReadable(blob.attributes)) throw unknownBlob(digest);
}

/** end-2, GET. */
export async function getBlob(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<BlobReader> {
  return readerOf(context, repository, digest, await readMembership(context, repository, digest));
}

/** Blobs of the repository, in one consistent batch; absent ones are left out. */
export async function findBlobs(
  context: Context,
  repository: RepositoryName,
  digests: Digest[],
): Promise<Map<Digest, BlobReader>> {
  const keys = [...digests.map((digest) => linkKey(digest, repository)), ...digests.map(blobKey)];
  const items = await context.table.getMany(keys, { consistent: true });
  const found = new Map<Digest, BlobReader>();
  for (const [i, digest] of digests.entries()) {
    const membership = {
      link: stored<LinkAttributes>(items[i]),
      blob: stored<BlobAttributes>(items[digests.length + i]),
    };
    if (isMember(membership)) found.set(digest, readerOf(context, repository, digest, membership));
  }
  return found;
}

function readerOf(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  { blob }: Membership,
): BlobReader {
  const { object, size, writtenAt } = blob.attributes;
  const { url } = context.reads;
  return {
    digest,
    size,
    ...(url && { url: () => url(object, writtenAt) }),
    async open(range?: ByteRange): Promise<ByteStream> {
      const found = await context.reads.get(object, range);
      if (found !== undefined) return found.body;
      // Either the blob was collected after its items were read, and perhaps pushed again, or its object is lost.
      if (context.touch) await bestEffort(() => healBlob(beginWork(context), repository, digest));
      throw unknownBlob(digest);
    },
  };
}

/**
 * end-10: removes the link; the bytes are the collector's business.
 *
 * @throws {RegistryError} `DENIED` if an immutable tag needs the blob.
 */
export async function deleteBlob(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  const work = beginWork(context);
  const isImmutable = await context.immutable.in(repository);
  await leaveCandidates(work, [{ kind: "blob", repository, digest }], purgeItems(work, { digest }));
  const size = await retryOnConflict(work, async () => {
    const membership = await findMembership(work, repository, digest);
    if (membership === undefined) return undefined;
    const { link, blob } = membership;
    const deleted = isImmutable === undefined
      ? await work.table.delete(linkKey(digest, repository), { ifVersion: link.version })
      : await removeUnneeded(work, repository, digest, link, isImmutable);
    return deleted ? blob.attributes.size : RETRY;
  });
  // Also if nothing was found: an earlier delete may have crashed after it took the blob and before it changed the
  // epoch.
  await changeEpoch(work, repository);
  if (size === undefined) throw unknownBlob(digest);
  await work.quotas?.add(work, repository, -size);
}

/**
 * Removes the link unless an immutable tag needs the blob, as a collector does: condemn it by its version, check,
 * delete it by the version of the condemnation. Answers true if it was removed.
 */
async function removeUnneeded(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  link: Stored<LinkAttributes>,
  isImmutable: IsImmutable,
): Promise<boolean> {
  let refusal: unknown;
  const isNeeded = async () => {
    try {
      await assertUnneeded(work, repository, digest, isImmutable);
      return false;
    } catch (error) {
      refusal = error;
      return true;
    }
  };
  const outcome = await removeLink(work, repository, digest, link, isNeeded);
  if (refusal !== undefined) throw refusal;
  return outcome === "removed";
}

/** Maximum repositories that a mount without `from` checks: thousands may have a popular blob. */
const MAX_SOURCES = 50;

/**
 * end-11: links a blob that another repository has; without `from`, one that any repository has. Only repositories that
 * the caller may pull from count, so the answer reveals nothing about others (CVE-2024-39897).
 */
export async function mountBlob(
  context: Context,
  repository: RepositoryName,
  caller: Caller,
  digest: Digest,
  from: RepositoryName | undefined,
): Promise<BlobInfo | undefined> {
  const work = beginWork(context);
  const source = await findSource(work, caller, digest, from);
  if (source === undefined) return undefined;
  const hold = (id: string) => holdMount(work, repository, digest, id);
  const linked = await holdingRoom(
    work,
    repository,
    hold,
    (id) => countingBlob(work, repository, digest, id, () => mountLink(work, repository, digest, source)),
  );
  return linked && { digest, size: linked.size };
}

/** Reserves the bytes of a blob that exists. */
async function holdMount(work: Work, repository: RepositoryName, digest: Digest, id: string): Promise<void> {
  const blob = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));
  if (blob !== undefined) await holdBlob(work, repository, digest, { id, size: blob.attributes.size });
}

/**
 * The blob, if it is readable and a repository that the caller may pull from has a link to it: `from`, or without it
 * any of the first ones.
 */
async function findSource(
  { table }: Work,
  caller: Caller,
  digest: Digest,
  from: RepositoryName | undefined,
): Promise<BlobAttributes | undefined> {
  if (from !== undefined && !caller.sees(from)) return undefined;
  const [blob, ...links] = from === undefined
    ? await readSources(table, digest)
    : await table.getMany([blobKey(digest), linkKey(digest, from)], { consistent: true });
  const found = stored<BlobAttributes>(blob);
  if (found === undefined || !isReadable(found.attributes)) return undefined;
  const isVisible = links.some((link) => link !== undefined && caller.sees(partsOf("link", link).repository));
  return isVisible ? found.attributes : undefined;
}

/** The blob's item, if it exists, and its first links: the item sorts before them in its partition. */
async function readSources(table: Work["table"], digest: Digest): Promise<(Item | undefined)[]> {
  const items = await table.query(blobPartition(digest), { limit: MAX_SOURCES + 1, consistent: true });
  return items[0]?.sk === blobKey(digest).sk ? items : [undefined, ...items];
}

/** The error for a blob that the repository does not have, whether it exists elsewhere or not. */
function unknownBlob(digest: Digest): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", "Blob not found in the repository", { detail: { digest } });
}

/** Link and blob in one consistent batch: after an acknowledged delete no process may answer or cache the blob. */
async function findMembership(
  { table, absent }: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<Membership | undefined> {
  const keys = [linkKey(digest, repository), blobKey(digest)];
  const [link, blob] = await table.getMany(keys, { consistent: true });
  if (blob === undefined) absent.note(digest);
  const membership = { link: stored<LinkAttributes>(link), blob: stored<BlobAttributes>(blob) };
  return isMember(membership) ? membership : undefined;
}

/** Link and blob item of a blob that must exist. */
async function readMembership(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<Membership> {
  const membership = await findMembership(context, repository, digest);
  if (membership === undefined) throw unknownBlob(digest);
  return membership;
}

/** A repository has a blob when both items are there and the blob is neither being deleted nor damaged. */
export function isMember(
  items: { link: Membership["link"] | undefined; blob: Membership["blob"] | undefined },
): items is Membership {
  return items.link !== undefined && items.blob !== undefined && isReadable(items.blob.attributes);
}

/** A client that sees a blob may skip its upload and rely on it, so an old link is made young again. */
function needsTouch(context: Context, link: Stored<LinkAttributes>): boolean {
  const { state, touchedAt } = link.attributes;
  if (!context.touch) return false;
  return state === "condemned" || context.now() - touchedAt > context.grace / 4;
}

/** Renews the link by its version. A collector that has condemned the link meanwhile then fails to delete it. */
function touch(context: Context, repository: RepositoryName, digest: Digest): Promise<Membership> {
  const work = beginWork(context);
  return retryOnConflict(work, async () => {
    const membership = await readMembership(work, repository, digest);
    if (!needsTouch(work, membership.link)) return membership;
    const item = linkItem(digest, repository, work.now());
    const version = await work.table.put(item, { ifVersion: membership.link.version });
    return version === undefined ? RETRY : membership;
  });
}
