import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { Condition, NewItem } from "../../storage/ports.ts";
import { candidateItems, isLost, RETRY, retryOnConflict, type Work } from "../protocol/mod.ts";
import { type BlobAttributes, blobKey, isReadable, linkItem, revivedBlob, stored } from "../items/mod.ts";
import type { BlobInfo } from "../registry.ts";

/** Complete and verified bytes of a blob, in an object that no item references yet. */
export interface Candidate {
  /** Bytes. */
  size: number;
  /** The object's key. */
  object: string;
}

/** A blob that a repository now has, and the object that its bytes are in. */
export interface LinkedBlob extends BlobInfo {
  /** Key of the object. */
  object: string;
}

/** Steps 2 to 4 of the commit protocol: gives `repository` the blob `digest`, of the candidate's bytes or the same ones. */
export async function addBlob(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  candidate: Candidate,
): Promise<LinkedBlob> {
  // Most pushed blobs are new, because clients check before they push.
  const isNew = await putBlob(work, digest, candidate, { ifAbsent: true }) !== undefined;
  if (isNew) {
    await putLink(work, repository, digest);
    return { digest, ...candidate };
  }
  const linked = await linkBlob(work, repository, digest, candidate);
  if (linked === undefined) throw new Error(`Commit of "${digest}" has no candidate`);
  return linked;
}

/** Mount: steps 2 to 4 without bytes. Answers `undefined` if the blob does not exist. */
export function mountLink(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
): Promise<LinkedBlob | undefined> {
  return linkBlob(work, repository, digest, undefined);
}

/** A link that was put before all is found to be in order stays: it means nothing alone. */
function linkBlob(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  candidate: Candidate | undefined,
): Promise<LinkedBlob | undefined> {
  return retryOnConflict(work, async () => {
    // 2. Whose object will the blob's be?
    const named = await nameObject(work, repository, digest, candidate);
    if (named === RETRY || named === undefined) return named;
    // 3. From here on a collector that reads the links of the blob finds this one. A mount has no upload that the sweep
    //    would find, so it leaves a candidate, in the same request to the table.
    const mounted = candidate === undefined
      ? candidateItems(work, { kind: "blob", repository, digest }, work.now())
      : [];
    await putLink(work, repository, digest, mounted);
    // No collector touches an item as young as the one just written.
    if (named === "ours") return { digest, ...candidate! };
    // 4. A collector may have condemned the blob between 2 and 3. It reads the links after it condemns the blob, and we
    //    read the blob after we wrote our link, so one of us sees the other. Which object the blob has now does not
    //    matter.
    const after = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));
    if (after?.attributes.state !== "live") return RETRY;
    return { digest, size: after.attributes.size, object: after.attributes.object };
  });
}

/** Step 2: owner of the object that a live blob item names now; `undefined` if there is no blob and no candidate. */
async function nameObject(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  candidate: Candidate | undefined,
): Promise<"ours" | "another's" | undefined | typeof RETRY> {
  const blob = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));
  //    Old items are checked: a process that stood still may have written one after its object was swept.
  const hasObject = blob !== undefined && isReadable(blob.attributes);
  if (hasObject && await isLost(work, repository, digest, blob.attributes)) return RETRY;
  if (blob?.attributes.state === "live") return "another's";
  if (blob?.attributes.state === "condemned") {
    const revived = revivedBlob(digest, blob.attributes, work.now());
    const version = await work.table.put(revived, { ifVersion: blob.version });
    return version === undefined ? RETRY : "another's";
  }
  // Absent, or a collector is about to delete its object, or it is damaged.
  if (candidate === undefined) return undefined;
  // Once the item names our object, no item names the old one, and the collector that was deleting it may have crashed.
  if (blob?.attributes.state === "deleting") await work.objects.delete([blob.attributes.object]);
  const condition = blob === undefined ? { ifAbsent: true as const } : { ifVersion: blob.version };
  const version = await putBlob(work, digest, candidate, condition);
  return version === undefined ? RETRY : "ours";
}

function putBlob(
  work: Work,
  digest: Digest,
  candidate: Candidate,
  condition: Condition,
): Promise<string | undefined> {
  const attributes: BlobAttributes = { ...candidate, state: "live", writtenAt: work.now() };
  return work.table.put({ ...blobKey(digest), attributes }, condition);
}

function putLink(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  beside: NewItem[] = [],
): Promise<void> {
  return work.table.putMany([...beside, linkItem(digest, repository, work.now())]);
}
