import { type DigestAlgorithm, RegistryError, unavailable } from "../../oci/mod.ts";
import { UnavailableError } from "../../storage/ports.ts";
import { beginWork, bestEffort, type Context } from "../protocol/mod.ts";
import { BodyReader, createPrefixHasher } from "../streams/mod.ts";
import type { UploadContent } from "../items/mod.ts";
import { PartWriter } from "./part_writer.ts";
import type { UploadBody } from "../registry.ts";
import {
  announceRemains,
  assertUnexpired,
  assertWritable,
  findSession,
  markUnlisted,
  offsetMismatch,
  PartsClaim,
  type Session,
  unknownUpload,
} from "./upload_session.ts";

/** Result of storing a body. */
export interface StoredBody {
  /** The upload, as last written while the body came. */
  session: Session;
  /** Its bytes in the store; they count only when the upload's item names them. */
  content: UploadContent;
  /** Reason of an early end of the body; the bytes before it are in the content. */
  cut?: RegistryError;
  /** Deletes what the new content no longer needs. */
  dropObsolete: () => Promise<void>;
  /** Deletes what this body has added. */
  discard: (failure?: unknown) => Promise<void>;
}

/** Options of storing a body. */
export interface StoreBodyOptions {
  /** Algorithm of the digest, if the request names it. */
  algorithm?: DigestAlgorithm;
  /** True if no more bytes follow. */
  final: boolean;
  /** True if this request has created the upload. */
  created: boolean;
}

/**
 * Streams a body to the store after the bytes that the upload has, and hashes it if the hash before it can be
 * continued. The upload's item does not name the bytes yet.
 *
 * @throws {OffsetMismatch} if the body does not begin at the upload's offset.
 */
export async function storeBody(
  context: Context,
  known: Session,
  body: UploadBody,
  options: StoreBodyOptions,
): Promise<StoredBody> {
  assertWritable(context, known);
  const { offset } = known.item.attributes;
  if (body.range !== undefined && body.range.first !== offset) throw offsetMismatch(known);
  const announced = announcedLength(body);
  assertSize(context, offset + (announced ?? 0));
  const session = options.created ? known : await markUnlisted(context, known);
  const { attributes } = session.item;
  const hold = await openBytes(context, session);
  await hold?.(attributes.offset + (announced ?? 0));
  const claim = new PartsClaim(context, session);
  const hasher = await createPrefixHasher(context.hashes, {
    id: session.id,
    algorithm: options.algorithm ?? attributes.algorithm ?? "sha256",
    offset: attributes.offset,
    hash: attributes.hash,
    chunked: body.range !== undefined,
  });
  const writer = new PartWriter(context, {
    prefix: attributes.prefix,
    content: attributes,
    length: announced,
    claim: () => claim.hold(),
    assertUsable: () => assertUnexpired(context, session),
  });
  const discard = async (failure?: unknown) => {
    context.quotas?.keep(session.id, attributes.offset);
    await writer.discard(failure);
  };
  const most = announced === undefined ? context.maxBlobSize : attributes.offset + announced;
  try {
    const write = (bytes: Uint8Array) => {
      hasher?.update(bytes);
      return writer.write(bytes);
    };
    const cut = await pump(body, (bytes) => {
      assertSize(context, writer.offset + bytes.length);
      if (writer.offset + bytes.length > most) throw tooManyBytes();
      const held = announced === undefined ? hold?.(writer.offset + bytes.length) : undefined;
      return held === undefined ? write(bytes) : held.then(() => write(bytes));
    });
    const short = announced !== undefined && writer.offset < most;
    const ended = cut ?? (short ? endedEarly() : undefined);
    // Clients that were cut off repeat a PUT without `Content-Range` from its first byte (regclient), so what came of it
    // must not count, or the repetition would be appended to it.
    if (ended !== undefined && options.final && body.range === undefined) throw ended;
    const hash = hasher?.finish(writer.offset);
    const content = await writer.finish(ended === undefined && isEnd(attributes, body, options), hash);
    context.quotas?.keep(session.id, content.offset);
    return {
      session: await claim.end(),
      content,
      ...(ended === undefined ? {} : { cut: ended }),
      dropObsolete: () => writer.dropObsolete(),
      discard,
    };
  } catch (error) {
    const failure = await failureOf(context, session, error);
    await discard(failure);
    await bestEffort(() => claim.release());
    throw failure;
  }
}

/**
 * True if no more bytes are expected after the body. A PATCH without `Content-Range` is the whole blob almost always: so
 * push docker and others. More bytes may follow (`PartWriter`), but at the price of one more copy of the first body only:
 * after it, each body is taken for one of many.
 */
function isEnd({ offset }: UploadContent, { range }: UploadBody, { final }: StoreBodyOptions): boolean {
  return final || range === undefined && offset === 0;
}

/**
 * Error for a body that could not be stored. If the upload was swept meanwhile, that is the reason: the client must
 * start again. The upload is announced once more, so that another sweep finds the stored bytes. If another request has
 * added to the upload or taken it to `committing` meanwhile, it may have removed what this one needed: 416.
 */
export async function failureOf(
  context: Context,
  session: Session,
  error: unknown,
): Promise<unknown> {
  if (error instanceof RegistryError) {
    if (error.code === "BLOB_UPLOAD_UNKNOWN") await announce(context, session);
    return error;
  }
  const { id, item } = session;
  try {
    const current = await findSession(context, item.attributes, id);
    if (current !== undefined) {
      const { state, offset } = current.item.attributes;
      const isBehind = state !== "open" || offset !== item.attributes.offset;
      // After an `UnavailableError` it may be this request that has written.
      return isBehind && !(error instanceof UnavailableError) ? offsetMismatch(current) : error;
    }
    await announce(context, session);
    return unknownUpload(id);
  } catch (found) {
    if (found instanceof RegistryError) {
      await announce(context, session);
      return found;
    }
    // A sweep may be the reason, so it is no bug that the store lacks what it has removed.
    const isOutage = found instanceof UnavailableError && !(error instanceof UnavailableError);
    return isOutage
      ? unavailable("Cannot store the bytes: the upload cannot be read", { cause: error })
      : error;
  }
}

async function announce(context: Context, session: Session): Promise<void> {
  await bestEffort(() => announceRemains(beginWork(context), session));
}

/** Bytes of the body, if the client announced them. */
export function announcedLength({ range, length }: UploadBody): number | undefined {
  return range === undefined ? length : range.last - range.first + 1;
}

/**
 * Reads the body to its end. Answers why it ended early, if the client's side broke: what came is worth keeping. What
 * `take` throws is thrown, with the rest of the body given up.
 */
export async function pump(
  body: UploadBody,
  take: (bytes: Uint8Array) => Promise<void> | undefined,
): Promise<RegistryError | undefined> {
  const reader = new BodyReader(body.stream, body);
  try {
    for (;;) {
      let bytes: Uint8Array | undefined;
      try {
        bytes = await reader.read();
      } catch (error) {
        return toCut(error);
      }
      if (bytes === undefined) return undefined;
      const taken = take(bytes);
      if (taken !== undefined) await taken; // to await nothing costs as much as to await something
    }
  } catch (error) {
    await reader.cancel();
    throw error;
  }
}

/**
 * Counts the bytes that an upload has, or is about to have, in its principal's limit and in the quotas. The upload's
 * item has the final number; the bytes of a failed request count a moment longer for the principal.
 *
 * @throws {RegistryError} 429 or `DENIED` if a limit would be exceeded.
 */
export async function openBytes(
  context: Context,
  { id, item }: Session,
): Promise<((bytes: number) => Promise<void> | undefined) | undefined> {
  const { openUploads, quotas } = context;
  const { principal, repository } = item.attributes;
  if (openUploads === undefined && quotas === undefined) return undefined;
  await openUploads?.look(principal);
  return (bytes) => {
    openUploads?.hold(principal, id, bytes);
    return quotas?.hold(context, repository, id, bytes);
  };
}

/** Throws if a blob of `size` bytes is too large. */
export function assertSize(context: Context, size: number): void {
  if (size <= context.maxBlobSize) return;
  throw new RegistryError("SIZE_INVALID", `Blob is larger than ${context.maxBlobSize} bytes`, {
    status: 413,
  });
}

/** The error for a body with more bytes than its client announced. */
export function tooManyBytes(): RegistryError {
  return new RegistryError("SIZE_INVALID", "Body is longer than announced");
}

/** Tells a body that cannot be read any more from one that cannot be stored. */
function toCut(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  throw error;
}

/** The error for a body whose client has sent less than it had announced. */
export function endedEarly(cause?: unknown): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", "Body ended before its announced length", { cause });
}
