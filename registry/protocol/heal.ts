import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { Context, Work } from "./context.ts";
import {
  type BlobAttributes,
  blobKey,
  isReadable,
  type ManifestAttributes,
  manifestKey,
  stored,
} from "../items/mod.ts";

/**
 * Milliseconds for which the object of an item is certainly in the store, from when the item says that it was written.
 * An item that took effect later than its writer thought is older than this.
 */
export function safeAge({ uploadExpiry, grace }: Pick<Context, "uploadExpiry" | "grace">): number {
  return Math.min(uploadExpiry, grace) / 2;
}

/**
 * True if the object of an item may be missing: the item is so old that a stalled process may have written it after its
 * object was swept. For a younger item a 404 of the store proves nothing.
 */
function mayBeLost(context: Context, { writtenAt }: Pick<BlobAttributes, "writtenAt">): boolean {
  return writtenAt + safeAge(context) < context.now();
}

/** True if the store says that it has no object for a blob: heals the blob, and the caller reads the item again. */
export async function isLost(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  attributes: BlobAttributes,
): Promise<boolean> {
  if (!mayBeLost(work, attributes) || await work.objects.size(attributes.object) !== undefined) return false;
  await healBlob(work, repository, digest);
  return true;
}

/**
 * Marks a blob as damaged if its object is not in the store: clients then find it missing and push it again. Otherwise
 * each push would be acknowledged and dropped, because the blob's item says that its bytes exist.
 *
 * @throws {Error} if the store cannot tell, for example because its bucket or folder is missing. Then nothing is
 *   changed.
 */
export async function healBlob(work: Work, repository: RepositoryName, digest: Digest): Promise<void> {
  // 1. The caller may have seen an item that has been replaced or collected since: read the item, and only then look for
  //    the object that it names.
  const blob = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));
  if (blob === undefined || !isReadable(blob.attributes) || !mayBeLost(work, blob.attributes)) return;
  const { size, object, writtenAt } = blob.attributes;
  // 2. The state counts for all processes, so it needs proof: a process with a wrong bucket must not set it.
  if (await isStored(work, object)) return;
  const attributes: BlobAttributes = { size, object, state: "damaged", missing: true, writtenAt };
  // 3. By version: a commit or a collector may have taken the item meanwhile, and knows better.
  const version = await work.table.put({ ...blobKey(digest), attributes }, { ifVersion: blob.version });
  if (version !== undefined) work.lost({ kind: "blob", repository, digest, object });
}

/**
 * Marks a large manifest whose object is not in the store, by the same steps: it is reported once, and its next push
 * stores a new object whatever a HEAD of the old one answers.
 *
 * @throws {Error} if the store cannot tell. Then nothing is changed.
 */
export async function healManifest(work: Work, repository: RepositoryName, digest: Digest): Promise<void> {
  // 1.
  const key = manifestKey(repository, digest);
  const manifest = stored<ManifestAttributes>(await work.table.get(key, { consistent: true }));
  const { object, missing, pushedAt = 0 } = manifest?.attributes ?? {};
  if (
    manifest === undefined || object === undefined || missing || !mayBeLost(work, { writtenAt: pushedAt })
  ) return;
  // 2.
  if (await isStored(work, object)) return;
  // 3.
  const marked = { ...manifest, attributes: { ...manifest.attributes, missing: true } };
  const version = await work.table.put(marked, { ifVersion: manifest.version });
  if (version !== undefined) work.lost({ kind: "manifest", repository, digest, object });
}

/** True if the store has the object. Asks by GET, because a HEAD cannot tell a missing bucket from a missing object. */
async function isStored({ objects }: Work, object: string): Promise<boolean> {
  const found = await objects.get(object);
  await found?.body.cancel();
  return found !== undefined;
}
