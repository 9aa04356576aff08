import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { type Condition, ifUnchanged, type NewItem } from "../../storage/ports.ts";
import {
  candidateItems,
  type Context,
  isLost,
  isOld,
  mayBeUnderWay,
  RETRY,
  retryOnConflict,
  skewOf,
  together,
  type Work,
} from "../protocol/mod.ts";
import {
  type BlobAttributes,
  blobKey,
  isReadable,
  type LinkAttributes,
  linkItem,
  revivedBlob,
  type Stored,
  stored,
} from "../items/mod.ts";
import type { BlobInfo } from "../registry.ts";

/** Complete and verified bytes of a blob, in an object that no item references yet. */
export interface Candidate {
  /** Bytes. */
  size: number;
  /** The object's key. */
  object: string;
  /**
   * True if an earlier request may have made the object that of the blob. Then a collector may have deleted it with the
   * blob since.
   */
  isRepeated?: true;
}

/** Thrown if the object of a candidate was deleted with the blob that an earlier request had made of it. */
export class CollectedObjectError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "CollectedObjectError";

  /** The error for this object. */
  constructor(object: string) {
    super(`Cannot commit ${JSON.stringify(object)}: it was deleted with its blob`);
  }
}

/** A blob that a repository now has, and the object that its bytes are in. */
export interface LinkedBlob extends BlobInfo {
  /** Key of the object. */
  object: string;
}

/** Link and blob item, which together prove that a repository has a blob. */
export interface Membership {
  /** Link of the repository to the blob. */
  link: Stored<LinkAttributes>;
  /** The blob's own item. */
  blob: Stored<BlobAttributes>;
}

/**
 * True if the link may be newer than the blob item that was read with it: a batch is no snapshot, and a mount that finds
 * no blob leaves its link. Only a young link with a blob item that a collector may condemn is ambiguous.
 */
export function mayBeTorn(
  context: Pick<Context, "now" | "grace" | "deadline">,
  { link, blob }: Membership,
): boolean {
  return mayBeUnderWay(context, link.attributes.touchedAt) &&
    isOld(context, blob.attributes.writtenAt - skewOf(context));
}

/**
 * Result of a look at a blob before its bytes arrive or are joined: `absent`: it has no item, or had none a moment ago;
 * `linkable`: it is live, and if its item is old, the store has its object; `unusable`: anything else.
 */
export type BlobLook = "absent" | "linkable" | "unusable";

/** Looks at the blob, by one read unless this process has just seen that the blob is absent. */
export async function lookAtBlob(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
): Promise<BlobLook> {
  if (work.absent.take(digest)) return "absent";
  const blob = stored<BlobAttributes>(await work.table.get(blobKey(digest), { consistent: true }));
  return blob === undefined ? "absent" : await assess(work, repository, digest, blob.attributes);
}

async function assess(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  attributes: BlobAttributes,
): Promise<"linkable" | "unusable"> {
  if (attributes.state !== "live") return "unusable";
  return await isLost(work, repository, digest, attributes) ? "unusable" : "linkable";
}

/** Options of {@linkcode addBlob}. */
export interface AddOptions {
  /** True if the blob was absent a moment ago. */
  isAbsent: boolean;
  /** Item that may be put in the request of the link, once the blob names the candidate. */
  last?: NewItem;
}

/**
 * Steps 2 to 4 of the commit protocol: gives `repository` the blob `digest`, of the candidate's bytes or the same ones.
 * Answers `isLastPut` if it has put the `last` item.
 *
 * @throws {CollectedObjectError} if the blob needs the candidate's object and that was deleted.
 */
export async function addBlob(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  candidate: Candidate,
  { isAbsent, last }: AddOptions,
): Promise<LinkedBlob & { isLastPut?: true }> {
  if (isAbsent && last !== undefined) {
    // 2, and then 3 with the item in one request: as many round trips as below, and a request less.
    if (await putBlob(work, digest, candidate, { ifAbsent: true }) !== undefined) {
      await putLink(work, repository, digest, [last]);
      return { digest, ...candidate, isLastPut: true };
    }
  } else if (isAbsent) {
    // 2 and 3. The link needs no order: alone it proves nothing, and no collector touches an item as young as this one.
    //    Where an item exists, it comes later: its object may be missing.
    const [version] = await together(
      putBlob(work, digest, candidate, { ifAbsent: true }),
      putLink(work, repository, digest),
    );
    if (version !== undefined) return { digest, ...candidate };
  }
  const linked = await linkBlob(work, repository, digest, { candidate, isSeen: false });
  if (linked === undefined) throw new Error(`Commit of "${digest}" has no candidate`);
  return linked;
}

/**
 * Steps 3 and 4 for a blob that was `linkable`, without bytes. Answers `undefined` if the blob does not exist any more.
 */
export function linkSeen(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
): Promise<LinkedBlob | undefined> {
  return linkBlob(work, repository, digest, { isSeen: true });
}

/**
 * Mount: steps 2 to 4 without bytes. Answers `undefined` if the blob does not exist. `seen` is its item as it was read
 * before.
 */
export async function mountLink(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  seen: BlobAttributes,
): Promise<LinkedBlob | undefined> {
  const isSeen = await assess(work, repository, digest, seen) === "linkable";
  // A mount has no upload that the sweep would find, so it leaves a candidate, in the same request as its link.
  const beside = candidateItems(work, { kind: "blob", repository, digest }, work.now());
  return await linkBlob(work, repository, digest, { isSeen, beside });
}

/** Options of {@linkcode linkBlob}. */
interface LinkOptions {
  /** Bytes for a blob that is not live. */
  candidate?: Candidate;
  /** True if the blob was `linkable` a moment ago, so that step 2 has nothing to do. */
  isSeen: boolean;
  /** Items that are put with the link. */
  beside?: NewItem[];
}

/** A link that was put before all is found to be in order stays: it means nothing alone. */
function linkBlob(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  { candidate, isSeen, beside }: LinkOptions,
): Promise<LinkedBlob | undefined> {
  let mayTrust = isSeen;
  return retryOnConflict(work, async () => {
    // 2. Whose object will the blob's be?
    const named = mayTrust ? "another's" : await nameObject(work, repository, digest, candidate);
    mayTrust = false;
    if (named === RETRY || named === undefined) return named;
    // 3. From here on a collector that reads the links of the blob finds this one.
    await putLink(work, repository, digest, beside);
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
  // Read after the blob item, which the collector deletes after the object: an object that is there was never the blob's.
  if (candidate.isRepeated) {
    const isGone = blob?.attributes.object === candidate.object ||
      await work.objects.size(candidate.object) === undefined;
    if (isGone) throw new CollectedObjectError(candidate.object);
  }
  // Once the item names our object, no item names the old one, and the collector that was deleting it may have crashed.
  if (blob?.attributes.state === "deleting") await work.objects.delete([blob.attributes.object]);
  const version = await putBlob(work, digest, candidate, ifUnchanged(blob));
  return version === undefined ? RETRY : "ours";
}

function putBlob(
  work: Work,
  digest: Digest,
  candidate: Candidate,
  condition: Condition,
): Promise<string | undefined> {
  const { object, size } = candidate;
  const attributes: BlobAttributes = { object, size, state: "live", writtenAt: work.now() };
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
