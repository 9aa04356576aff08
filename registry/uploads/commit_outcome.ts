import { type Digest, RegistryError } from "../../oci/mod.ts";
import { statBlob } from "../blobs/mod.ts";
import type { Context } from "../protocol/mod.ts";
import { OffsetMismatch } from "./offset_mismatch.ts";
import type { BlobInfo } from "../registry.ts";
import type { UploadOwner } from "./upload_id.ts";
import { awaitTurn, beingCommitted, type CommitProgress } from "./commit_turn.ts";
import { findSession, type Session, unknownUpload } from "./upload_session.ts";

/**
 * Answer to a repeated commit of an upload that is `done`: the same again, as long as the repository has the blob.
 *
 * @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN` if it was committed with another digest, or the blob was deleted since.
 */
export async function repeatCommit(
  context: Context,
  { repository }: UploadOwner,
  { id, item: { attributes } }: Session,
  digest: Digest,
): Promise<BlobInfo> {
  if (attributes.digest !== digest) throw unknownUpload(id);
  try {
    const { size } = await statBlob(context, repository, digest);
    return { digest, size };
  } catch (error) {
    if (error instanceof RegistryError && error.code === "BLOB_UNKNOWN") throw unknownUpload(id);
    throw error;
  }
}

/**
 * Answer to a commit that failed with `error`. A suspended process may find that its upload was swept, or was committed
 * by the request that took over. That outcome is the answer, whatever `error` is. A commit under way is waited for, as
 * by a request that finds it at its start.
 */
export async function answerFailedCommit(
  context: Context,
  owner: UploadOwner,
  id: string,
  digest: Digest,
  { isKnown, session }: CommitProgress,
  error: unknown,
): Promise<BlobInfo> {
  if (error instanceof RegistryError && !(error instanceof OffsetMismatch)) throw error;
  const find = () => findSession(context, owner, id);
  const isTaken = (found: Session | undefined) =>
    found?.item.attributes.state === "committing" && found.item.version !== session?.item.version;
  const found = await find();
  const current = isTaken(found) ? await awaitTurn(context, find) : found;
  // An upload that could not even be announced is not gone.
  if (current === undefined) throw isKnown ? unknownUpload(id) : error;
  if (current.item.attributes.state === "done") return await repeatCommit(context, owner, current, digest);
  throw isTaken(current) ? beingCommitted(error) : error;
}
