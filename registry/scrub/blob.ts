import type { Digest } from "../../oci/mod.ts";
import type { NewItem } from "../../storage/ports.ts";
import { beginWork, changeEpochsOf } from "../protocol/mod.ts";
import { type BlobAttributes, blobKey, revivedBlob, type Stored, stored } from "../items/mod.ts";
import { type Fault, faultOfObject } from "./content.ts";
import { checkItem } from "./known_item.ts";
import type { ScrubWork } from "./scrub_work.ts";

/** Item of the blob, by a consistent read; `undefined` if it does not exist or is invalid. */
export async function readBlobItem(
  { context }: ScrubWork,
  digest: Digest,
): Promise<Stored<BlobAttributes> | undefined> {
  const item = await context.table.get(blobKey(digest), { consistent: true });
  return item !== undefined && checkItem(item) !== "unreadable" ? stored<BlobAttributes>(item) : undefined;
}

/** Verifies a blob's object, and reports its fault. */
export async function scrubBlob(
  work: ScrubWork,
  digest: Digest,
  proposed: Stored<BlobAttributes>,
): Promise<void> {
  if (!isWrong(proposed, await faultOf(work, digest, proposed))) return;
  // An apparent fault is checked again: the scan may lag behind, or a bit may have flipped in transit.
  const blob = await readBlobItem(work, digest);
  if (blob === undefined) return;
  const fault = await faultOf(work, digest, blob);
  if (!isWrong(blob, fault)) return;
  const repaired = work.repair ? await repairBlob(work, digest, blob, fault) : undefined;
  const { object, state } = blob.attributes;
  const note = fault === undefined
    ? "Its content matches the digest"
    : fault.note + (state === "damaged" ? "; it is marked as damaged" : "");
  work.found({
    kind: fault?.kind ?? "mistaken-mark",
    name: digest,
    object,
    note,
    ...(repaired === undefined ? {} : { repaired }),
  });
}

function isWrong({ attributes }: Stored<BlobAttributes>, fault: Fault | undefined): boolean {
  return fault !== undefined || attributes.state === "damaged";
}

/** Fault of the blob's object; `undefined` for a blob that garbage collection is deleting. */
async function faultOf(
  work: ScrubWork,
  digest: Digest,
  { attributes: { object, size, state } }: Stored<BlobAttributes>,
): Promise<Fault | undefined> {
  return state === "deleting" ? undefined : await faultOfObject(work, object, { size, digest });
}

/**
 * Marks a blob as damaged if its object is, so that clients find it missing and push it again, or revokes a wrong
 * `damaged`. The bytes and the object key stay. By the version that was read: a commit may have replaced it meanwhile.
 */
async function repairBlob(
  { context }: ScrubWork,
  digest: Digest,
  { attributes, version }: Stored<BlobAttributes>,
  fault: Fault | undefined,
): Promise<string | undefined> {
  // What the store fails to read today it may well read tomorrow.
  if (attributes.state === "damaged" ? fault !== undefined : fault?.kind === "unreadable-object") {
    return undefined;
  }
  const { size, object, writtenAt } = attributes;
  const item: NewItem = fault === undefined
    ? revivedBlob(digest, attributes, context.now())
    : { ...blobKey(digest), attributes: { size, object, state: "damaged", writtenAt } };
  if (await beginWork(context).table.put(item, { ifVersion: version }) === undefined) return undefined;
  // A cached "readable" must not keep a client from pushing the blob again.
  if (fault !== undefined) await changeEpochsOf(context, digest);
  return fault === undefined ? "Removed the mark" : "Marked as damaged: it can be pushed again";
}
