import { type ByteRange, RegistryError, unavailable } from "../../oci/mod.ts";
import { CLOCK_SKEW_MS, ifUnchanged, UnavailableError } from "../../storage/ports.ts";
import { beginWork, bestEffort, type Context, skewOf, type Work } from "../protocol/mod.ts";
import {
  objectPrefix,
  type Stored,
  stored,
  type UploadAttributes,
  type UploadContent,
  uploadItem,
  uploadKey,
} from "../items/mod.ts";
import { OffsetMismatch } from "./offset_mismatch.ts";
import { readUploadId, type UploadOwner } from "./upload_id.ts";

/** An upload's item with its id. */
export interface Session {
  /** Id of the upload. */
  id: string;
  /** Its item, with the version that was read. */
  item: Stored<UploadAttributes>;
}

/**
 * Time to live of a claim to add parts, in milliseconds; the request renews it in time. After a crash, clients wait
 * this long.
 */
const CLAIM_MS = 5000;

/** Interval between checks of another request's claim, in milliseconds. */
const CLAIM_CHECK_MS = 250;

/** Error for an upload that does not exist or belongs to another repository or principal: the client cannot tell which. */
export function unknownUpload(id: string): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", "Upload not found in the repository", {
    detail: { upload: id.slice(0, 64) },
  });
}

/** Attributes of a new upload. */
export type NewUpload =
  & Pick<UploadAttributes, "kind" | "repository" | "principal">
  & Partial<Pick<UploadAttributes, "algorithm" | "attempt" | "digest" | "prefix" | "expiresAt" | "unlisted">>;

/**
 * Announces an upload before anything is stored for it, so that the sweep finds the remains of a failed request.
 * `undefined` if the id is in use.
 */
export async function createUpload(work: Work, id: string, upload: NewUpload): Promise<Session | undefined> {
  const attributes: UploadAttributes = {
    prefix: objectPrefix(upload.kind, id),
    expiresAt: work.now() + work.uploadExpiry,
    ...upload,
    ...(work.openUploads !== undefined && upload.kind === "blob" && { counted: true }),
    state: "open",
    offset: 0,
    etags: [],
    tail: [],
  };
  const item = uploadItem(id, attributes);
  const version = await work.table.put(item, { ifAbsent: true });
  return version === undefined ? undefined : { id, item: { ...item, attributes, version } };
}

/** New upload of the id; `undefined` if the id is invalid or has expired. */
function newUpload(context: Context, owner: UploadOwner, id: string): NewUpload | undefined {
  const facts = readUploadId(id, owner);
  const age = context.now() - (facts?.startedAt ?? -Infinity);
  // Not shortly before it expires: by the clock of another process it may have expired, and its sweep still be under way.
  const latest = context.uploadExpiry - Math.min(2 * skewOf(context), context.uploadExpiry / 4);
  if (facts === undefined || age >= latest || age < -CLOCK_SKEW_MS) return undefined;
  const algorithm = facts.algorithm === undefined ? {} : { algorithm: facts.algorithm };
  return { kind: "blob", ...owner, ...algorithm };
}

/**
 * Upload with its first item; `undefined` if the id is not valid for the owner.
 *
 * @throws {RegistryError} 429 if the principal has too many open uploads.
 */
export async function createSession(
  context: Context,
  owner: UploadOwner,
  id: string,
  more: Pick<NewUpload, "attempt" | "unlisted"> = {},
): Promise<Session | undefined> {
  const upload = newUpload(context, owner, id);
  if (upload === undefined) return undefined;
  await context.openUploads?.begin(owner.principal, id);
  return await createUpload(beginWork(context), id, { ...upload, ...more });
}

/**
 * Upload in any state; `undefined` if nothing was stored for it yet. Throws `BLOB_UPLOAD_UNKNOWN` if it has expired or
 * belongs to another caller.
 */
export async function findSession(
  context: Context,
  owner: UploadOwner,
  id: string,
): Promise<Session | undefined> {
  // Consistently: the chunk before may have gone to another process a millisecond ago.
  const item = stored<UploadAttributes>(await context.table.get(uploadKey(id), { consistent: true }));
  if (item === undefined) {
    if (newUpload(context, owner, id) !== undefined) return undefined;
    throw unknownUpload(id);
  }
  if (!isUsable(context, owner, item)) throw unknownUpload(id);
  return { id, item };
}

/**
 * Upload as this process has last written it, if it can be used; another process may have changed it since. The next
 * call finds it no more.
 */
export function takeRecent(context: Context, owner: UploadOwner, id: string): Session | undefined {
  const item = context.recent.take(id);
  return item !== undefined && isUsable(context, owner, item) ? { id, item } : undefined;
}

/** True if the upload is one of the owner's that has neither expired nor been cancelled. */
function isUsable(
  context: Context,
  { repository, principal }: UploadOwner,
  { attributes }: Stored<UploadAttributes>,
): boolean {
  return attributes.kind === "blob" &&
    attributes.repository === repository && attributes.principal === principal &&
    attributes.state !== "aborting" && attributes.expiresAt > context.now();
}

/** The upload, announced if it was not yet. */
export async function readSession(context: Context, owner: UploadOwner, id: string): Promise<Session> {
  for (;;) {
    const session = await findSession(context, owner, id) ?? await createSession(context, owner, id);
    if (session !== undefined) return session;
  }
}

/**
 * Upload as soon as no other request has a claim to add parts to it. Stops waiting when the claim must belong to a
 * running request: a claim that expires in that time was left by a crashed process, and its client continues here.
 */
export async function awaitClaim(
  context: Context,
  session: Session,
  range: ByteRange | undefined,
): Promise<Session> {
  const { offset } = session.item.attributes;
  if (range !== undefined && range.first !== offset) return session;
  let current = session;
  for (let waited = 0; isClaimed(context, current) && waited <= CLAIM_MS; waited += CLAIM_CHECK_MS) {
    await context.sleep(CLAIM_CHECK_MS);
    current = await findSession(context, session.item.attributes, session.id) ?? session;
    // A body without a range was meant to follow the bytes that existed when it arrived.
    if (current.item.attributes.offset !== offset) throw offsetMismatch(current);
  }
  return current;
}

function isClaimed(context: Context, { item }: Session): boolean {
  const { state, claimedUntil = 0 } = item.attributes;
  return state === "open" && claimedUntil > context.now();
}

/** Throws if bytes can't be appended to the upload now. */
export function assertWritable(context: Context, session: Session): void {
  const { state } = session.item.attributes;
  if (state === "done") throw unknownUpload(session.id);
  if (state === "committing" || isClaimed(context, session)) throw offsetMismatch(session);
}

/**
 * Throws if the upload has expired since it was read or announced, as after a pause. Then the sweep may have removed it,
 * and would not find what is stored for it.
 */
export function assertUnexpired(context: Context, { id, item }: Session): void {
  if (item.attributes.expiresAt <= context.now()) throw unknownUpload(id);
}

/** The 416 of distribution-spec §"Pushing a blob in chunks". */
export function offsetMismatch(session: Session): OffsetMismatch {
  return new OffsetMismatch({ id: session.id, offset: session.item.attributes.offset });
}

/** Writes the upload by its version. After a conflict it throws the error that fits the current state. */
export async function writeSession(
  context: Context,
  session: Session,
  attributes: UploadAttributes,
): Promise<Session> {
  const item = uploadItem(session.id, attributes);
  const version = await context.table.put(item, { ifVersion: session.item.version });
  if (version !== undefined) return { id: session.id, item: { ...item, attributes, version } };
  const current = await findSession(context, attributes, session.id).catch((error) => {
    // The write failed for certain, but an `UnavailableError` would mean that it may have succeeded.
    if (!(error instanceof UnavailableError)) throw error;
    throw unavailable("Cannot write: another request has changed the upload", { cause: error });
  });
  throw current === undefined ? unknownUpload(session.id) : offsetMismatch(current);
}

/**
 * Marks an upload that this request has not created, before it stores anything. Another request may be storing objects
 * at the same time, and if one of them dies, the upload's item names none of its objects. Uploads with parts need no
 * mark, because a repeated request may begin parts twice: the sweep always lists them.
 */
export async function markUnlisted(context: Context, session: Session): Promise<Session> {
  const { attributes } = session.item;
  if (attributes.unlisted || attributes.partsId !== undefined) return session;
  return await writeSession(context, session, { ...attributes, unlisted: true });
}

/** Attributes of an upload whose bytes are now `content` and whose expiry starts again. */
export function advanced(context: Context, session: Session, content: UploadContent): UploadAttributes {
  const { kind, repository, principal, prefix, state, counted, algorithm, attempt, unlisted } =
    session.item.attributes;
  return {
    kind,
    repository,
    principal,
    prefix,
    state,
    ...(counted && { counted }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(unlisted && { unlisted }),
    ...content,
    expiresAt: context.now() + context.uploadExpiry,
  };
}

/**
 * Prevents other requests from adding parts while this one does, by conditional writes of the upload. The claim is
 * renewed while its process lives and expires soon after a crash, so that the client can continue.
 */
export class PartsClaim {
  readonly #context: Context;
  #session: Session;
  /** The renewals, one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** A claim that is not yet made. */
  constructor(context: Context, session: Session) {
    this.#context = context;
    this.#session = session;
  }

  /** Takes or renews the claim; throws {@linkcode OffsetMismatch} if another request won. */
  async hold(): Promise<void> {
    await this.#renew();
    // Where this fails, so does the next call or the last write of this request, by the version.
    this.#timer ??= setInterval(() => this.#renew().catch(() => {}), CLAIM_MS / 3);
  }

  /** Stops renewing the claim. Returns the upload as last written. */
  async end(): Promise<Session> {
    clearInterval(this.#timer);
    await this.#turn;
    return this.#session;
  }

  /** Releases the claim after a failure. */
  async release(): Promise<void> {
    const session = await this.end();
    const { claimedUntil, ...unclaimed } = session.item.attributes;
    if (claimedUntil !== undefined) await writeSession(this.#context, session, unclaimed);
  }

  #renew(): Promise<void> {
    const renewed = this.#turn.then(async () => {
      const { attributes } = this.#session.item;
      const now = this.#context.now();
      if ((attributes.claimedUntil ?? 0) - now > CLAIM_MS / 2) return;
      const claimed = { ...attributes, claimedUntil: now + CLAIM_MS };
      this.#session = await writeSession(this.#context, this.#session, claimed);
    });
    this.#turn = renewed.catch(() => {});
    return renewed;
  }
}

/** Cancels an upload for good. Objects that cannot be deleted now are deleted when it expires. */
export async function abandonSession(work: Work, session: Session): Promise<void> {
  await endSession(work, session);
  await bestEffort(() => dropContent(work, session.item.attributes));
}

/** Cancels an upload for good. When it expires, the sweep deletes its objects, except the one that a blob item names. */
export async function endSession(work: Work, session: Session): Promise<void> {
  const { attributes } = session.item;
  await writeSession(work, session, { ...attributes, state: "aborting" });
  work.openUploads?.end(attributes.principal, session.id);
  work.quotas?.keep(session.id, 0);
}

/**
 * Announces an upload that was swept while a request was storing bytes for it, so that another sweep removes these: the
 * request itself may not know all of them, and the store may refuse to delete them. If a sweep is still under way, it
 * finds another version and leaves the upload. Another request may have committed the upload before it was swept.
 */
export async function announceRemains(work: Work, { id, item }: Session): Promise<void> {
  const { kind, repository, principal, prefix, expiresAt } = item.attributes;
  const current = stored<UploadAttributes>(await work.table.get(uploadKey(id), { consistent: true }));
  if (current !== undefined && current.attributes.state !== "aborting") return;
  const remains: UploadAttributes = {
    ...current?.attributes ??
      { kind, repository, principal, prefix, expiresAt, offset: 0, etags: [], tail: [] },
    ...{ state: "aborting", announced: true },
  };
  await work.table.put(uploadItem(id, remains), ifUnchanged(current));
}

/** Deletes the objects that an upload's item names, except `keep`. */
export async function dropContent(context: Context, content: UploadContent, keep?: string): Promise<void> {
  const keys = content.tail.map((piece) => piece.key);
  if (content.object !== undefined) keys.push(content.object);
  const unneeded = keys.filter((key) => key !== keep);
  if (unneeded.length > 0) await context.objects.delete(unneeded);
  const { object, partsId } = content;
  if (object !== keep && object !== undefined && partsId !== undefined) {
    await context.objects.abortParts(object, partsId);
  }
}

/**
 * Stores an object for the upload, unless the deadline of the work passes meanwhile. By then the sweep may have removed
 * the upload, and would never find the object, so it is deleted again, or announced if the store refuses that.
 *
 * @throws {RegistryError} 503 after the deadline.
 */
export async function putInTime(
  work: Work,
  session: Session,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  let cause: unknown;
  try {
    await work.objects.put(key, bytes);
    if (work.now() < work.until) return;
  } catch (error) {
    if (work.now() < work.until) throw error;
    cause = error;
  }
  await bestEffort(() => work.objects.delete([key]).catch(() => announceRemains(beginWork(work), session)));
  throw unavailable("Cannot store: the request has passed its deadline", { cause });
}
