import type { DigestAlgorithm } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import { beginWork, type Context } from "./context.ts";
import type { UploadBody, UploadStatus } from "./registry.ts";
import { storeBody } from "./upload_body.ts";
import {
  abandonSession,
  advanced,
  assertWritable,
  beginUpload,
  readSession,
  unknownUpload,
  writeSession,
} from "./upload_session.ts";

/** end-4: an upload with nothing in it. */
export async function startUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  algorithm?: DigestAlgorithm,
): Promise<UploadStatus> {
  const upload = {
    kind: "blob" as const,
    repository,
    principal,
    ...(algorithm === undefined ? {} : { algorithm }),
  };
  const { id } = await beginUpload(beginWork(context), upload);
  return { id, offset: 0 };
}

/** end-13. */
export async function getUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
): Promise<UploadStatus> {
  const { item } = await readSession(context, repository, principal, id);
  if (item.attributes.state === "done") throw unknownUpload(id);
  return { id, offset: item.attributes.offset };
}

/** end-5. Of two requests at the same place one wins, and the other gets {@linkcode OffsetMismatch}. */
export async function appendUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
  body: UploadBody,
): Promise<UploadStatus> {
  const session = await readSession(context, repository, principal, id);
  const stored = await storeBody(context, session, body, { final: false });
  const work = beginWork(context);
  try {
    await writeSession(work, stored.session, advanced(work, stored.session, stored.content));
  } catch (error) {
    await stored.discard();
    throw error;
  }
  await stored.settle();
  if (stored.cut !== undefined) throw stored.cut;
  return { id, offset: stored.content.offset };
}

/** end-14. */
export async function cancelUpload(
  context: Context,
  repository: RepositoryName,
  principal: string,
  id: string,
): Promise<void> {
  const session = await readSession(context, repository, principal, id);
  assertWritable(context, session);
  await abandonSession(beginWork(context), session);
}
