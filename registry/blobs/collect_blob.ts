import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { ReadOptions } from "../../storage/ports.ts";
import { beginWork, type Context, isOld, RETRY, type Work } from "../protocol/mod.ts";
import {
  type BlobAttributes,
  blobKey,
  edgePrefix,
  isReadable,
  LINK_PREFIX,
  type LinkAttributes,
  linkItem,
  linkKey,
  repositoryPartition,
  revivedBlob,
  type Stored,
  stored,
} from "../items/mod.ts";

/**
 * True if the link was last touched before the grace period began. A condemnation left by a crashed collector must be
 * that old too.
 */
export function isLinkOld(context: Context, attributes: LinkAttributes): boolean {
  return isOld(context, lastUseOfLink(attributes));
}

function lastUseOfLink({ touchedAt, condemnedAt = touchedAt }: LinkAttributes): number {
  return Math.max(touchedAt, condemnedAt);
}

/**
 * True if the blob was last used before the grace period began. A damaged blob with an object stays, because the rest
 * of its bytes may be the only copy.
 */
export function isBlobOld(context: Context, attributes: BlobAttributes): boolean {
  return isCollectable(attributes) && isOld(context, lastUseOfBlob(attributes));
}

function isCollectable({ state, missing }: BlobAttributes): boolean {
  return state !== "damaged" || missing === true;
}

function lastUseOfBlob({ writtenAt, condemnedAt = writtenAt }: BlobAttributes): number {
  return Math.max(writtenAt, condemnedAt);
}

/** The result of a look at something that may be garbage. */
export type Outcome =
  /** The blob was removed, with `size` bytes of content if it had any. */
  | { is: "removed"; size?: number }
  /** Something needs it, or it was not there. */
  | { is: "needed" | "absent" }
  /** Nothing needs it, and it was used at this time (milliseconds since the epoch), within the grace period. */
  | { is: "young"; since: number }
  /** Another process has written it meanwhile: check again. */
  | { is: "changed" };

/**
 * True if the repository has an edge to the digest: a manifest references it, or one that does is about to be pushed.
 */
export async function isReferenced(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  options: ReadOptions,
): Promise<boolean> {
  const prefix = edgePrefix(digest);
  return (await context.table.query(repositoryPartition(repository), { prefix, limit: 1, ...options }))
    .length > 0;
}

/** True if a repository has a link to the blob. */
export async function isLinked(context: Context, digest: Digest, options: ReadOptions): Promise<boolean> {
  const query = { prefix: LINK_PREFIX, limit: 1, ...options };
  return (await context.table.query(blobKey(digest).pk, query)).length > 0;
}

/**
 * Removes a repository's link to a blob that nothing in it references. `known` is the link as the caller has read it: its
 * version tells whether another process has written it since.
 */
export async function collectLink(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  known?: Stored<LinkAttributes>,
): Promise<Outcome> {
  const work = beginWork(context);
  const key = linkKey(digest, repository);
  const link = known ?? stored<LinkAttributes>(await work.table.get(key, { consistent: true }));
  if (link === undefined) return { is: "absent" };
  if (!isLinkOld(work, link.attributes)) return { is: "young", since: lastUseOfLink(link.attributes) };
  const isNeeded = () => isReferenced(work, repository, digest, { consistent: true });
  const outcome = await removeLink(work, repository, digest, link, isNeeded);
  return { is: outcome === RETRY ? "changed" : outcome };
}

/**
 * Removes the link by the version that was read, unless it is needed. Answers `RETRY` if another process has written
 * the link meanwhile.
 */
export async function removeLink(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  link: Stored<LinkAttributes>,
  isNeeded: () => Promise<boolean>,
): Promise<"removed" | "needed" | typeof RETRY> {
  const key = linkKey(digest, repository);
  const { touchedAt } = link.attributes;
  const { index } = linkItem(digest, repository, touchedAt);
  const item = { ...key, ...(index && { index }) };
  // Condemns first, and only then checks for references: a push writes its edges before it reads the link. It sees the
  // condemnation and revokes it, or we see the edge.
  const condemned: LinkAttributes = { state: "condemned", touchedAt, condemnedAt: work.now() };
  const version = await work.table.put({ ...item, attributes: condemned }, { ifVersion: link.version });
  if (version === undefined) return RETRY;
  if (await isNeeded()) {
    const live: LinkAttributes = { state: "live", touchedAt };
    await work.table.put({ ...item, attributes: live }, { ifVersion: version });
    return "needed";
  }
  return await work.table.delete(key, { ifVersion: version }) ? "removed" : RETRY;
}

/** Removes a blob that no repository links, with its bytes. `known` is the blob as the caller has read it. */
export async function collectBlob(
  context: Context,
  digest: Digest,
  known?: Stored<BlobAttributes>,
): Promise<Outcome> {
  const work = beginWork(context);
  const key = blobKey(digest);
  const blob = known ?? stored<BlobAttributes>(await work.table.get(key, { consistent: true }));
  if (blob === undefined) return { is: "absent" };
  const { attributes } = blob;
  if (!isCollectable(attributes)) return { is: "needed" };
  if (!isBlobOld(work, attributes)) return { is: "young", since: lastUseOfBlob(attributes) };
  let { version } = blob;
  const condemnedAt = work.now();
  if (isReadable(attributes)) {
    // Condemns before it reads the links, for the same reason as above.
    const condemned: BlobAttributes = { ...attributes, state: "condemned", condemnedAt };
    const marked = await work.table.put({ ...key, attributes: condemned }, { ifVersion: version });
    if (marked === undefined) return { is: "changed" };
    version = marked;
  }
  if (attributes.state !== "deleting") {
    if (await isLinked(work, digest, { consistent: true })) {
      const live = revivedBlob(digest, attributes, attributes.writtenAt);
      if (isReadable(attributes)) await work.table.put(live, { ifVersion: version });
      return { is: "needed" };
    }
    // From here on the blob cannot be revived: a client that needs it uploads it again.
    const deleting: BlobAttributes = { ...attributes, state: "deleting", condemnedAt };
    const taken = await work.table.put({ ...key, attributes: deleting }, { ifVersion: version });
    if (taken === undefined) return { is: "changed" };
    version = taken;
  }
  await work.objects.delete([attributes.object]);
  if (!await work.table.delete(key, { ifVersion: version })) return { is: "changed" };
  return { is: "removed", size: attributes.size };
}
