import type { DigestAlgorithm, RepositoryName } from "../../oci/mod.ts";
import { beginWork, type Context } from "../protocol/mod.ts";
import type { UploadBody, UploadStatus } from "../registry.ts";
import { failureOf, storeBody } from "./upload_body.ts";
import { newUploadId } from "./upload_id.ts";
import {
  abandonSession,
  advanced,
  assertWritable,
  awaitClaim,
  createSession,
  findSession,
  readSession,
  unknownUpload,
  writeSession,
} from "./upload_session.ts";

/** end-4: new upload without bytes, so without any stored state. */
export async function startUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  algorithm?: DigestAlgorithm,
): Promise<UploadStatus> {
  await context.quotas?.assertRoom(context, repository, 1);
  const facts = { startedAt: context.now(), ...(algorithm === undefined ? {} : { algorithm }) };
  return { id: newUploadId({ repository, principal }, facts), offset: 0 };
}

/** end-13. */
export async function getUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
): Promise<UploadStatus> {
  const session = await findSession(context, { repository, principal }, id);
  if (session === undefined) return { id, offset: 0 };
  const { state, offset } = session.item.attributes;
  if (state === "done") throw unknownUpload(id);
  return { id, offset };
}

/** end-5. If two requests write at the same offset, one succeeds and the other gets {@linkcode OffsetMismatch}. */
export async function appendUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
  body: UploadBody,
): Promise<UploadStatus> {
  const owner = { repository, principal };
  // Most uploads get their first bytes here, so creating the upload is tried before reading it. Clients that send a
  // range send more chunks, and the mark costs nothing now.
  const unlisted = body.range !== undefined && { unlisted: true as const };
  const created = beginsUpload(body) ? await createSession(context, owner, id, { ...unlisted }) : undefined;
  const session = created ?? await awaitClaim(context, await readSession(context, owner, id), body.range);
  const stored = await storeBody(context, session, body, { final: false, created: created !== undefined });
  const work = beginWork(context);
  try {
    const written = await writeSession(work, stored.session, advanced(work, stored.session, stored.content));
    context.recent.keep(id, written.item);
  } catch (error) {
    const failure = await failureOf(context, stored.session, error);
    await stored.discard(failure);
    throw failure;
  }
  await stored.dropObsolete();
  if (stored.cut !== undefined) throw stored.cut;
  return { id, offset: stored.content.offset };
}

/** True if the body starts at the first byte of the upload. */
export function beginsUpload({ range }: UploadBody): boolean {
  return range === undefined || range.first === 0;
}

/** end-14. */
export async function cancelUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
): Promise<void> {
  // Announced even without stored bytes: otherwise no other process would know that it was cancelled.
  const session = await readSession(context, { repository, principal }, id);
  assertWritable(context, session);
  await abandonSession(beginWork(context), session);
}
