import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/name.ts";
import { bestEffort } from "./best_effort.ts";
import type { Context, Work } from "./context.ts";
import {
  type Stored,
  stored,
  type UploadAttributes,
  type UploadContent,
  uploadItem,
  uploadKey,
} from "./items.ts";
import { objectPrefix } from "./object_key.ts";
import { OffsetMismatch } from "./offset_mismatch.ts";
import { randomId } from "./random_id.ts";

/** An upload's item with its id. */
export interface Session {
  id: string;
  item: Stored<UploadAttributes>;
}

/**
 * How long a request that adds parts is alone in doing so without renewing its claim, in milliseconds. Much longer than
 * one part is on its way to the store.
 */
const CLAIM = 30_000;

/** The error for an upload that is not there, not of this repository or not this principal's: all look the same. */
export function unknownUpload(id: string): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", "Upload is not known to the repository", {
    detail: { upload: id.slice(0, 64) },
  });
}

/** What is known of an upload when it begins. */
export type NewUpload =
  & Pick<UploadAttributes, "kind" | "repository" | "principal">
  & Partial<Pick<UploadAttributes, "algorithm" | "digest" | "prefix">>;

/** Begins an upload, with nothing in it. */
export async function beginUpload(work: Work, upload: NewUpload): Promise<{ id: string; prefix: string }> {
  const id = randomId();
  const attributes: UploadAttributes = {
    prefix: objectPrefix(upload.kind, id),
    ...upload,
    state: "open",
    expiresAt: work.now() + work.uploadExpiry,
    offset: 0,
    etags: [],
    tail: [],
  };
  const version = await work.table.put(uploadItem(id, attributes), { ifAbsent: true });
  if (version === undefined) throw new Error(`Upload id "${id}" is taken`);
  return { id, prefix: attributes.prefix };
}

/** The upload, whatever its state; throws `BLOB_UPLOAD_UNKNOWN` where it is not this caller's or has expired. */
export async function readSession(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
): Promise<Session> {
  // Consistently: the chunk before may have gone to another process a millisecond ago.
  const item = stored<UploadAttributes>(await context.table.get(uploadKey(id), { consistent: true }));
  const attributes = item?.attributes;
  if (item === undefined || attributes?.kind !== "blob") throw unknownUpload(id);
  if (attributes.repository !== repository || attributes.principal !== principal) throw unknownUpload(id);
  if (attributes.state === "aborting" || attributes.expiresAt <= context.now()) throw unknownUpload(id);
  return { id, item };
}

/** Throws where bytes can't be appended to the upload now. */
export function assertWritable(context: Context, session: Session): void {
  const { state, claimedUntil = 0 } = session.item.attributes;
  if (state === "done") throw unknownUpload(session.id);
  if (state === "committing" || claimedUntil > context.now()) throw offsetMismatch(session);
}

/** The 416 of distribution-spec §"Pushing a blob in chunks". */
export function offsetMismatch(session: Session): OffsetMismatch {
  return new OffsetMismatch({ id: session.id, offset: session.item.attributes.offset });
}

/** Writes the upload anew where nobody else has; otherwise throws what is true of it now. */
export async function writeSession(
  context: Context,
  session: Session,
  attributes: UploadAttributes,
): Promise<Session> {
  const item = uploadItem(session.id, attributes);
  const version = await context.table.put(item, { ifVersion: session.item.version });
  if (version !== undefined) return { id: session.id, item: { ...item, attributes, version } };
  const { repository, principal } = attributes;
  throw offsetMismatch(await readSession(context, repository, principal, session.id));
}

/** The attributes of an upload whose bytes are now `content`, and which somebody has just used. */
export function advanced(context: Context, session: Session, content: UploadContent): UploadAttributes {
  const { kind, repository, principal, prefix, state, algorithm } = session.item.attributes;
  return {
    kind,
    repository,
    principal,
    prefix,
    state,
    ...(algorithm === undefined ? {} : { algorithm }),
    ...content,
    expiresAt: context.now() + context.uploadExpiry,
  };
}

/**
 * Keeps other requests from adding parts while this one does, by conditional writes on the upload. A claim ends by
 * itself: a process that died must not block the upload for ever.
 */
export class PartsClaim {
  readonly #context: Context;
  #session: Session;

  /** A claim that is not yet made. */
  constructor(context: Context, session: Session) {
    this.#context = context;
    this.#session = session;
  }

  /** The upload as last written. */
  get session(): Session {
    return this.#session;
  }

  /** Makes or renews the claim; throws {@linkcode OffsetMismatch} where another request won. */
  async hold(): Promise<void> {
    const { attributes } = this.#session.item;
    const now = this.#context.now();
    if ((attributes.claimedUntil ?? 0) - now > CLAIM / 2) return;
    const claimed = { ...attributes, claimedUntil: now + CLAIM };
    this.#session = await writeSession(this.#context, this.#session, claimed);
  }

  /** Lets others add parts, when this request has failed. */
  async release(): Promise<void> {
    const { claimedUntil, ...unclaimed } = this.#session.item.attributes;
    if (claimedUntil !== undefined) await writeSession(this.#context, this.#session, unclaimed);
  }
}

/** Drops an upload: nobody can use it any more. What is left of its objects goes when it expires. */
export async function abandonSession(work: Work, session: Session): Promise<void> {
  const { attributes } = session.item;
  await writeSession(work, session, { ...attributes, state: "aborting" });
  await bestEffort(() => dropContent(work, attributes));
}

/** Deletes the objects of an upload that its item names, but for `keep`. */
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
