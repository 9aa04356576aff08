import { algorithmOf, type Digest } from "../../oci/mod.ts";
import { BrokenBodyError, UnavailableError } from "../../storage/ports.ts";
import { bestEffort, type Context } from "../protocol/mod.ts";
import { newObjectKey } from "../items/mod.ts";
import type { UploadBody } from "../registry.ts";
import { assertSize, endedEarly, failureOf, openBytes, type StoredBody } from "./upload_body.ts";
import { assertUnexpired, type Session } from "./upload_session.ts";

/** Below this, in bytes, a body is better held: then a store that fails can be asked again. */
const MIN_STREAMED_BYTES = 1024 * 1024;

/** Maximum bytes of one PutObject. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** True if the store can take the body directly from the client and verify its digest itself. */
export function isVerifiable({ objects }: Context, digest: Digest, { length = 0 }: UploadBody): boolean {
  return objects.putStream !== undefined && algorithmOf(digest) === "sha256" &&
    length >= MIN_STREAMED_BYTES &&
    length <= MAX_PUT_BYTES;
}

/**
 * Streams the body of a whole blob to the store, without reading or buffering it here.
 *
 * @throws {ContentMismatchError} if it does not match the digest.
 * @throws {RegistryError} if the client breaks off.
 */
export async function storeVerified(
  context: Context,
  session: Session,
  digest: Digest,
  { stream, length: size = 0 }: UploadBody,
): Promise<StoredBody> {
  assertSize(context, size);
  assertUnexpired(context, session);
  await (await openBytes(context, session))?.(size);
  const { objects } = context;
  const key = newObjectKey(session.item.attributes.prefix);
  const hex = digest.slice("sha256:".length);
  const discard = async (failure?: unknown) => {
    context.quotas?.keep(session.id, 0);
    // The upload's item may name the object although the answer to its write was lost. Else the sweep deletes it.
    if (!(failure instanceof UnavailableError)) await bestEffort(() => objects.delete([key]));
  };
  try {
    await objects.putStream!(key, stream, { size, sha256: hex });
  } catch (error) {
    await bestEffort(() => stream.cancel());
    const failure = error instanceof BrokenBodyError
      ? endedEarly(error)
      : await failureOf(context, session, error);
    await discard(failure);
    throw failure;
  }
  const hash = { algorithm: "sha256" as const, offset: size, hex };
  const content = { offset: size, etags: [], tail: [{ key, size }], hash };
  return { session, content, dropObsolete: async () => {}, discard };
}
