import type { Digest } from "../oci/digest.ts";
import type { Context, Work } from "./context.ts";
import { type BlobAttributes, blobKey, isReadable, stored } from "./items.ts";

/**
 * Milliseconds for which the object of an item is certainly in the store, from when the item says that it was written.
 * An item that took effect later than its writer thought is older than this.
 */
export function safeAge({ uploadExpiry, grace }: Pick<Context, "uploadExpiry" | "grace">): number {
  return Math.min(uploadExpiry, grace) / 2;
}

/** True if the object of a live blob may be missing: the item is old enough to be the late write of a stalled process. */
export function mayBeLost(context: Context, { writtenAt }: BlobAttributes): boolean {
  return writtenAt + safeAge(context) < context.now();
}

/** True if the blob's object is not in the store. Then the blob is marked, and the caller has to look at its item again. */
export async function isLost(work: Work, digest: Digest, { object }: BlobAttributes): Promise<boolean> {
  if (await work.objects.size(object) !== undefined) return false;
  await healBlob(work, digest);
  return true;
}

/**
 * Marks a blob as damaged whose object is not in the store: clients then find it missing and push it again. Without the
 * mark each push would be acknowledged and dropped, because the blob's item says that its bytes are there.
 */
export async function healBlob(work: Work, digest: Digest): Promise<void> {
  // The caller may have seen an item that has been replaced or collected since: read the item, and only then look for
  // the object that it names.
  const blob = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));
  if (blob === undefined || !isReadable(blob.attributes)) return;
  const { size, object, writtenAt } = blob.attributes;
  if (await work.objects.size(object) !== undefined) return;
  const attributes: BlobAttributes = { size, object, state: "damaged", missing: true, writtenAt };
  // By version: a commit or a collector may have taken the item meanwhile, and knows better.
  await work.table.put({ ...blobKey(digest), attributes }, { ifVersion: blob.version });
}
