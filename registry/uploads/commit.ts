import { algorithmOf, type Digest, RegistryError, type RepositoryName, unavailable } from "../../oci/mod.ts";
import { ContentMismatchError, UnknownPartsError } from "../../storage/ports.ts";
import {
  beginWork,
  bestEffort,
  type Context,
  safeAge,
  skewOf,
  together,
  type Work,
} from "../protocol/mod.ts";
import { answerFailedCommit, repeatCommit } from "./commit_outcome.ts";
import { awaitTurn, type CommitProgress, endTurn, takeOpen, takeOver, type Turn } from "./commit_turn.ts";
import {
  addBlob,
  type BlobLook,
  type Candidate,
  CollectedObjectError,
  type LinkedBlob,
  linkSeen,
  lookAtBlob,
} from "../blobs/mod.ts";
import { countingBlob, holdBlob } from "../limits/mod.ts";
import type { BlobInfo, UploadBody } from "../registry.ts";
import { doneItem } from "./done_item.ts";
import { hashBody, linkKnown } from "./known_body.ts";
import { contentOf } from "./upload_content.ts";
import { completeObject, isContent, knownHash, readBack } from "./whole_object.ts";
import { storeBody, type StoredBody } from "./upload_body.ts";
import type { UploadOwner } from "./upload_id.ts";
import {
  abandonSession,
  assertWritable,
  awaitClaim,
  createSession,
  dropContent,
  endSession,
  readSession,
  type Session,
  takeRecent,
  unknownUpload,
  writeSession,
} from "./upload_session.ts";
import { OffsetMismatch } from "./offset_mismatch.ts";
import { beginsUpload } from "./uploads.ts";
import { isVerifiable, storeVerified } from "./verified_body.ts";

/** end-6: makes the upload, with the body behind it, the blob `digest` of the repository. */
export async function commitUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
  digest: Digest,
  body?: UploadBody,
): Promise<BlobInfo> {
  const owner = { repository, principal };
  const progress: CommitProgress = {};
  try {
    return await runCommit(context, owner, id, { digest, body, progress });
  } catch (error) {
    await endTurn(context, progress, error);
    return await answerFailedCommit(context, owner, id, digest, progress, error);
  }
}

/** Runs the protocol once; `progress` tells how far a failed run has come. */
async function runCommit(
  context: Context,
  owner: UploadOwner,
  id: string,
  { digest, body, progress }: { digest: Digest; body: UploadBody | undefined; progress: CommitProgress },
): Promise<BlobInfo> {
  if (body !== undefined && beginsUpload(body)) {
    const [created, look] = await together(
      createSession(context, owner, id, { attempt: digest }),
      lookAtBlob(beginWork(context), owner.repository, digest),
    );
    if (created !== undefined) {
      progress.isKnown = true;
      return look === "linkable"
        ? await commitKnown(context, created, digest, body)
        : await commitWhole(context, created, digest, { body, look, progress });
    }
  }
  const recent = body === undefined ? takeRecent(context, owner, id) : undefined;
  if (recent !== undefined) {
    progress.isKnown = true;
    try {
      return await commitStored(context, unchanged(context, recent), digest, progress);
    } catch (error) {
      if (!(error instanceof OffsetMismatch)) throw error;
      // Another request has changed the upload since.
    }
  }
  const session = await awaitTurn(context, () => readSession(context, owner, id));
  progress.isKnown = true;
  const { state } = session.item.attributes;
  if (state === "done") return await repeatCommit(context, owner, session, digest);
  if (state === "committing") {
    return await commit(context, await takeOver(context, session, digest, progress), digest, {
      progress,
      repeated: true,
      look: "unusable",
    });
  }
  const free = await awaitClaim(context, session, body?.range);
  const stored = body === undefined
    ? unchanged(context, free)
    : await storeRest(context, free, digest, body, { created: false });
  return await commitStored(context, stored, digest, progress);
}

/** Commits an upload with all its bytes. */
async function commitStored(
  context: Context,
  stored: StoredBody,
  digest: Digest,
  progress: CommitProgress,
): Promise<BlobInfo> {
  await holdStored(context, stored, digest);
  const { repository } = stored.session.item.attributes;
  const [turn, look] = await together(
    takeOpen(context, stored, digest, progress),
    lookAtBlob(beginWork(context), repository, digest),
  );
  return await commit(context, turn, digest, { progress, repeated: false, look });
}

/** Reserves the stored bytes in the quotas. If one would be exceeded, throws, and drops the bytes and the upload. */
async function holdStored(context: Context, stored: StoredBody, digest: Digest): Promise<void> {
  const { session, content, cut } = stored;
  if (cut !== undefined) return;
  try {
    const { repository } = session.item.attributes;
    await holdBlob(context, repository, digest, { id: session.id, size: content.offset });
  } catch (error) {
    await stored.discard();
    if (error instanceof RegistryError) await bestEffort(() => abandonSession(beginWork(context), session));
    throw error;
  }
}

/**
 * Fast path for a blob that arrives in one request: every request writes its own object, so no `committing` state is
 * needed. Requires that the blob becomes a single object with the right digest. The upload has named the digest since
 * before its first byte, which is all that the sweep needs. Not if the upload expires soon: its object must not be
 * deleted before it reaches its safe age (heal.ts).
 */
async function commitWhole(
  context: Context,
  session: Session,
  digest: Digest,
  { body, look, progress }: { body: UploadBody; look: BlobLook; progress: CommitProgress },
): Promise<BlobInfo> {
  const stored = isVerifiable(context, digest, body)
    ? await storeChecked(context, session, digest, body)
    : await storeRest(context, session, digest, body, { created: true });
  await holdStored(context, stored, digest);
  const { offset: size, tail, partsId } = stored.content;
  const work = beginWork(context);
  const [piece] = tail;
  const isSimple = piece?.size === size && partsId === undefined && stored.cut === undefined &&
    isContent(stored.content, digest) && !stored.content.unlisted &&
    work.until + skewOf(context) + safeAge(context) < session.item.attributes.expiresAt;
  if (!isSimple) {
    const turn = await takeOpen(context, stored, digest, progress);
    return await commit(context, turn, digest, { progress, repeated: false, look });
  }
  const candidate = { object: piece.key, size };
  const { repository } = session.item.attributes;
  const linked = await countingBlob(
    work,
    repository,
    digest,
    session.id,
    () => addBlob(work, repository, digest, candidate, { isAbsent: look === "absent" }),
  );
  return await conclude({ work, session: stored.session }, digest, candidate, linked);
}

/**
 * Steps 3 to 5 for a blob that arrives in one request and is there already: only a link is missing. The whole body is
 * verified first, because knowing a digest proves nothing. The upload stays open if that fails, so the client can repeat
 * its request, and then the bytes are stored.
 */
async function commitKnown(
  context: Context,
  session: Session,
  digest: Digest,
  body: UploadBody,
): Promise<BlobInfo> {
  const stored = await hashBody(context, session, digest, body);
  if (!isContent(stored.content, digest)) throw await refuse(beginWork(context), session, digest);
  await holdStored(context, stored, digest);
  const work = beginWork(context);
  const { attributes } = session.item;
  const link = () => linkKnown(work, attributes, digest);
  const linked = await countingBlob(work, attributes.repository, digest, session.id, link);
  return await conclude({ work, session }, digest, linked, linked);
}

/** Streams the body to a store that verifies it. */
async function storeChecked(
  context: Context,
  session: Session,
  digest: Digest,
  body: UploadBody,
): Promise<StoredBody> {
  try {
    return await storeVerified(context, session, digest, body);
  } catch (error) {
    if (!(error instanceof ContentMismatchError)) throw error;
    throw await refuse(beginWork(context), session, digest);
  }
}

function storeRest(
  context: Context,
  session: Session,
  digest: Digest,
  body: UploadBody,
  { created }: { created: boolean },
): Promise<StoredBody> {
  return storeBody(context, session, body, { algorithm: algorithmOf(digest), final: true, created });
}

function unchanged(context: Context, session: Session): StoredBody {
  assertWritable(context, session);
  return {
    session,
    content: contentOf(session.item.attributes),
    dropObsolete: async () => {},
    discard: async () => {},
  };
}

/** Options of {@linkcode commit}. */
interface CommitOptions {
  progress: CommitProgress;
  /** True if another request has begun to commit the upload, and has not finished. */
  repeated: boolean;
  look: BlobLook;
}

/** Steps 1 to 5. If the bytes were deleted since an earlier request committed them, the upload is unknown from now on. */
async function commit(
  context: Context,
  turn: Turn,
  digest: Digest,
  options: CommitOptions,
): Promise<BlobInfo> {
  try {
    return await commitObject(context, turn, digest, options);
  } catch (error) {
    if (!(error instanceof CollectedObjectError || error instanceof UnknownPartsError)) throw error;
    const session = options.progress.session ?? turn.session;
    await endSession(turn.work, session);
    throw unknownUpload(session.id);
  }
}

async function commitObject(
  context: Context,
  turn: Turn,
  digest: Digest,
  { progress, repeated, look }: CommitOptions,
): Promise<BlobInfo> {
  let { work, session } = turn;
  const { attributes } = session.item;
  const { repository, offset: size } = attributes;
  // 1. The object is complete, and its content matches the digest, before any item names it.
  const known = knownHash(attributes, digest);
  if (known !== undefined && !isContent(attributes, digest)) throw await refuse(work, session, digest);
  if (known !== undefined && look === "linkable") {
    // The store has the blob: its parts need not be joined. If it is removed meanwhile, they are.
    const linked = await countingBlob(
      work,
      repository,
      digest,
      session.id,
      () => linkSeen(work, repository, digest),
    );
    if (linked !== undefined) return await conclude(turn, digest, linked, linked);
  }
  const object = await completeObject(work, session, repeated).catch(async (error) => {
    if (!(error instanceof ContentMismatchError)) throw error;
    // The store has let an attempt that broke off replace a part that it had taken. Nothing mends this upload.
    await abandonSession(work, session);
    throw unavailable("Cannot commit: the store has lost a part", { cause: error });
  });
  if (known === undefined) {
    const hash = await readBack(work, object, digest);
    if (hash === undefined) {
      if (repeated) throw new CollectedObjectError(object);
      throw new Error(`Object "${object}" of an upload is not in the store`);
    }
    // Reading takes as long as it takes, and the deadline is about what comes after.
    work = beginWork(context);
    if (!digest.endsWith(`:${hash.hex}`)) {
      await bestEffort(() => work.objects.delete([object]));
      throw await refuse(work, session, digest);
    }
    session = await writeSession(work, session, { ...attributes, hash, committingUntil: work.until });
    progress.session = session;
  }
  const candidate: Candidate = { object, size, ...(repeated ? { isRepeated: true } : {}) };
  // In this state no other request may write the upload's item before the deadline, except one that commits it as the same
  // digest, so the last write needs no condition. One that takes over may store another object only if it joins pieces.
  const last = attributes.tail.length > 1 ? {} : { last: doneItem(session, digest, candidate, object) };
  const linked = await countingBlob(
    work,
    repository,
    digest,
    session.id,
    () => addBlob(work, repository, digest, candidate, { isAbsent: look === "absent", ...last }),
  );
  return await conclude({ work, session }, digest, candidate, linked);
}

/**
 * Step 5: from here on the upload only answers repeats of this request. A request that took over the commit does the
 * same.
 */
async function conclude(
  { work, session }: Turn,
  digest: Digest,
  candidate: Candidate,
  linked: LinkedBlob & { isLastPut?: true },
): Promise<BlobInfo> {
  const { object, size } = candidate;
  const { attributes } = session.item;
  if (!linked.isLastPut) {
    const done = doneItem(session, digest, candidate, linked.object);
    await work.table.put(done, { ifVersion: session.item.version });
  }
  work.openUploads?.end(attributes.principal, session.id);
  work.quotas?.keep(session.id, 0);
  // The answer does not wait for the deletions. If the process dies first, the sweep makes them.
  void bestEffort(async () => {
    await dropContent(work, attributes, linked.object);
    if (object !== linked.object && object !== attributes.object) await work.objects.delete([object]);
  });
  return { digest, size };
}

/** Drops content that is not what its digest says, and makes the error for it. */
async function refuse(
  work: Work,
  session: Session,
  digest: Digest,
): Promise<RegistryError> {
  await abandonSession(work, session);
  return new RegistryError("DIGEST_INVALID", "Content does not match the digest", { detail: { digest } });
}
