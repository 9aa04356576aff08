import type { Digest } from "../../oci/mod.ts";
import { beginWork } from "../protocol/mod.ts";
import { type BlobAttributes, blobKey, revivedBlob, type Stored, stored } from "../items/mod.ts";
import { readBlobItem } from "./blob.ts";
import { digestsOf, faultOfObject } from "./content.ts";
import { checkItem } from "./known_item.ts";
import type { ScrubWork } from "./scrub_work.ts";

/** Reads an object that no item names and no upload owns, identifies its content, and reports it. */
export async function scrubOrphan(work: ScrubWork, object: string): Promise<void> {
  const content = await digestsOf(work, object);
  if ("kind" in content) {
    if (content.kind !== "missing-object") {
      work.found({ kind: "orphan-object", name: object, object, note: content.note });
    }
    return;
  }
  const { size, digests } = content;
  let repaired: string | undefined;
  for (const digest of digests) {
    const item = await work.context.table.get(blobKey(digest), { consistent: true });
    // Another scrub has repaired it.
    if (item?.attributes.object === object) return;
    if (item === undefined || checkItem(item) === "unreadable" || !work.repair) continue;
    repaired = await useOrphan(work, object, digest, stored<BlobAttributes>(item)!);
    if (repaired !== undefined) break;
  }
  const note = `Its ${size} bytes are not referenced`;
  work.found({
    kind: "orphan-object",
    name: digests[0]!,
    object,
    note,
    ...(repaired === undefined ? {} : { repaired }),
  });
}

/**
 * Links the orphan to the blob of its digest if the blob has no intact object; otherwise deletes it. Leaves the
 * orphan of a blob that garbage collection is about to remove: a request that revives or pushes the blob decides.
 */
async function useOrphan(
  work: ScrubWork,
  object: string,
  digest: Digest,
  blob: Stored<BlobAttributes>,
): Promise<string | undefined> {
  const { context } = work;
  const { state, size, object: named } = blob.attributes;
  if (state !== "live" && state !== "damaged") return undefined;
  const fault = await faultOfObject(work, named, { size, digest });
  if (fault !== undefined) {
    // The orphan was read just now and matches the digest, so it has the blob's size, unless the item is wrong.
    const orphanSize = await context.objects.size(object);
    if (orphanSize === undefined) return undefined;
    const given = revivedBlob(digest, { ...blob.attributes, size: orphanSize, object }, context.now());
    const version = await beginWork(context).table.put(given, { ifVersion: blob.version });
    return version === undefined ? undefined : "Made it the object of its blob";
  }
  // The other copy is good, and the blob still names it: this one is not needed.
  const after = await readBlobItem(work, digest);
  if (after?.version !== blob.version || state !== "live") return undefined;
  await context.objects.delete([object]);
  return "Deleted: its blob has the same content";
}
