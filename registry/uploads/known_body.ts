import { createHash } from "node:crypto";
import { algorithmOf, type Digest, unavailable } from "../../oci/mod.ts";
import { type LinkedBlob, linkSeen } from "../blobs/mod.ts";
import type { Context, Work } from "../protocol/mod.ts";
import type { UploadBody } from "../registry.ts";
import {
  announcedLength,
  assertSize,
  endedEarly,
  openBytes,
  pump,
  type StoredBody,
  tooManyBytes,
} from "./upload_body.ts";
import type { Session } from "./upload_session.ts";
import type { UploadOwner } from "./upload_id.ts";

/**
 * Reads and hashes the body of a whole blob that the store has already. Nothing is stored: the caller compares the hash,
 * because knowing a digest proves nothing.
 *
 * @throws {RegistryError} if the client breaks off. The upload then has no bytes, as before.
 */
export async function hashBody(
  context: Context,
  session: Session,
  digest: Digest,
  body: UploadBody,
): Promise<StoredBody> {
  const length = announcedLength(body);
  assertSize(context, length ?? 0);
  const hold = await openBytes(context, session);
  const algorithm = algorithmOf(digest);
  const hash = createHash(algorithm);
  let offset = 0;
  const discard = () => {
    context.quotas?.keep(session.id, 0);
    return Promise.resolve();
  };
  try {
    await hold?.(length ?? 0);
    const cut = await pump(body, (bytes) => {
      offset += bytes.length;
      assertSize(context, offset);
      if (offset > (length ?? offset)) throw tooManyBytes();
      hash.update(bytes);
      return length === undefined ? hold?.(offset) : undefined;
    });
    if (cut !== undefined) throw cut;
    if (offset < (length ?? 0)) throw endedEarly();
  } catch (error) {
    await discard();
    throw error;
  }
  const content = { offset, etags: [], tail: [], hash: { algorithm, offset, hex: hash.digest("hex") } };
  return { session, content, dropObsolete: () => Promise.resolve(), discard };
}

/**
 * Links a blob whose bytes came and were not stored.
 *
 * @throws {RegistryError} 503 if the blob was removed meanwhile: the client must send its bytes again.
 */
export async function linkKnown(
  work: Work,
  { repository }: UploadOwner,
  digest: Digest,
): Promise<LinkedBlob> {
  const linked = await linkSeen(work, repository, digest);
  if (linked !== undefined) return linked;
  throw unavailable("Cannot commit: the blob was removed while its content arrived");
}
