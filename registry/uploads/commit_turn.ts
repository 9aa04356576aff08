import { type Digest, RegistryError, unavailable } from "../../oci/mod.ts";
import { beginWork, bestEffort, type Context, type Work } from "../protocol/mod.ts";
import { type UploadAttributes, uploadItem } from "../items/mod.ts";
import { failureOf, type StoredBody } from "./upload_body.ts";
import { advanced, type Session, unknownUpload, writeSession } from "./upload_session.ts";
import { knownHash, readBackTime } from "./whole_object.ts";

/** Pauses in milliseconds while a request waits for another one to commit the upload. */
const TURN_WAITS_MS = [50, 100, 200, 400];

/** Progress of the request that commits an upload. */
export interface CommitProgress {
  /** True once the upload was announced or found. */
  isKnown?: true;
  /** The upload as the request has last written it while it was committing. */
  session?: Session;
}

/** An upload that this request alone commits, for as long as its work lasts. */
export interface Turn {
  /** Work with the deadline of the turn. */
  work: Work;
  /** The upload in state `committing`, as this request has written it. */
  session: Session;
}

/** True if another request may be committing the upload: it has not failed, and is not past its deadline. */
export function isCommitting(context: Context, session: Session | undefined): boolean {
  const { state, failed, committingUntil = 0 } = session?.item.attributes ?? {};
  return state === "committing" && !failed && committingUntil > context.now();
}

/**
 * Upload as `read` finds it once no other running request is committing it.
 *
 * @throws {RegistryError} 503 if the other request takes longer than a moment.
 */
export async function awaitTurn<T extends Session | undefined>(
  context: Context,
  read: () => Promise<T>,
): Promise<T> {
  for (const wait of [...TURN_WAITS_MS, undefined]) {
    const session = await read();
    if (!isCommitting(context, session)) return session;
    if (wait !== undefined) await context.sleep(wait);
  }
  throw beingCommitted();
}

/** Error for an upload that another request is committing. */
export function beingCommitted(cause?: unknown): RegistryError {
  return unavailable("Cannot commit: another request is committing this upload", { cause });
}

/** Step 0: takes the upload with all its bytes to `committing` by version. */
export async function takeOpen(
  context: Context,
  stored: StoredBody,
  digest: Digest,
  progress: CommitProgress,
): Promise<Turn> {
  const work = beginWork(context);
  try {
    const next = advanced(work, stored.session, stored.content);
    if (stored.cut !== undefined) {
      await writeSession(work, stored.session, next);
      throw stored.cut;
    }
    const reading = knownHash(next, digest) === undefined ? readBackTime(next.offset) : 0;
    const committingUntil = work.until + reading;
    const committing: UploadAttributes = { ...next, state: "committing", digest, committingUntil };
    const session = await writeSession(work, stored.session, committing);
    progress.session = session;
    await stored.dropObsolete();
    return { work, session };
  } catch (error) {
    if (error !== stored.cut) await stored.discard(await failureOf(context, stored.session, error));
    throw error;
  }
}

/** Step 0 if the committing request has failed, or is past its deadline: it cannot write any more. */
export async function takeOver(
  context: Context,
  session: Session,
  digest: Digest,
  progress: CommitProgress,
): Promise<Turn> {
  const { failed: _, ...attributes } = session.item.attributes;
  if (attributes.digest !== digest) throw unknownUpload(session.id);
  const work = beginWork(context);
  // Marked: the other request may have stored an object that it joined from pieces.
  const taken: UploadAttributes = { ...attributes, unlisted: true, committingUntil: work.until };
  progress.session = await writeSession(work, session, taken);
  return { work, session: progress.session };
}

/**
 * Step 0 undone after a failure: the request makes no more calls, so its repetition need not wait for the deadline. The
 * upload stays `committing`, so that it can only be committed, and only as the same digest. The deadline stays because
 * the sweep counts the grace period from it: a write whose answer was lost may still take effect.
 */
export async function endTurn(context: Context, progress: CommitProgress, error: unknown): Promise<void> {
  const { session } = progress;
  if (session === undefined || hasEnded(error)) return;
  const { id, item: { attributes, version } } = session;
  // Where this fails, or the process has died, the repetition waits for the deadline.
  await bestEffort(async () => {
    const failed: UploadAttributes = { ...attributes, failed: true };
    const item = uploadItem(id, failed);
    const written = await beginWork(context).table.put(item, { ifVersion: version });
    if (written !== undefined) {
      progress.session = { id, item: { ...item, attributes: failed, version: written } };
    }
  });
}

/** True after an error that has ended the upload for good. */
function hasEnded(error: unknown): boolean {
  return error instanceof RegistryError &&
    (error.code === "DIGEST_INVALID" || error.code === "BLOB_UPLOAD_UNKNOWN");
}
