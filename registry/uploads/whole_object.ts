import { algorithmOf, type Digest } from "../../oci/mod.ts";
import { newObjectKey, type PrefixHash, type UploadContent } from "../items/mod.ts";
import type { Context, Work } from "../protocol/mod.ts";
import { hashStream, readObject, sendPieces } from "../streams/mod.ts";
import { storedParts } from "./upload_content.ts";
import { putInTime, type Session } from "./upload_session.ts";

/** Joins the parts and the tail to one object. Returns its key. */
export async function completeObject(
  work: Work,
  session: Session,
  repeated: boolean,
): Promise<string> {
  const { attributes } = session.item;
  const { object, partsId, tail, prefix, offset } = attributes;
  if (object === undefined || partsId === undefined) {
    // Less than one part in all: a single piece is the object already.
    if (tail.length === 1 && tail[0] !== undefined) return tail[0].key;
    const key = newObjectKey(prefix);
    await sendPieces(work, tail, (bytes) => putInTime(work, session, key, bytes));
    return key;
  }
  if (repeated && await work.objects.size(object) === offset) return object;
  const parts = storedParts(attributes, work.objects.partSize);
  if (tail.length > 0) {
    const number = parts.length + 1;
    parts.push(
      await sendPieces(work, tail, (bytes) => work.objects.putPart(object, partsId, number, bytes)),
    );
  }
  await work.objects.completeParts(object, partsId, parts);
  return object;
}

/** Hash of the whole content, if it was computed while the bytes arrived. */
export function knownHash({ hash, offset }: UploadContent, digest: Digest): string | undefined {
  return hash?.offset === offset && hash.algorithm === algorithmOf(digest) ? hash.hex : undefined;
}

/** True if the hash that was computed while the bytes arrived matches the digest. */
export function isContent(content: UploadContent, digest: Digest): boolean {
  return digest === `${algorithmOf(digest)}:${knownHash(content, digest)}`;
}

/** Milliseconds that reading `size` bytes back may take, at 10 MB/s. */
export function readBackTime(size: number): number {
  return size / 10_000;
}

/** Reads the object back: its hash could not be had while it came. Answers `undefined` if there is no such object. */
export async function readBack(
  work: Context,
  object: string,
  digest: Digest,
): Promise<PrefixHash | undefined> {
  const found = await readObject(work, object);
  if (found === undefined) return undefined;
  const algorithm = algorithmOf(digest);
  return { algorithm, offset: found.size, hex: await hashStream(algorithm, found.chunks) };
}
