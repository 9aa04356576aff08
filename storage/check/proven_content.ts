import { createHash } from "node:crypto";
import { ContentMismatchError } from "../errors.ts";
import type { ObjectStore, PutStream } from "../objects/mod.ts";

/** Options of {@linkcode provenContent}. */
export interface ProvenContentOptions {
  /** Tests whether the store rejects content that does not match its hash. Rejects if the test could not decide. */
  enforces: () => Promise<boolean>;
  /** Called with the result of the test. */
  found: (result: { enforced: boolean } | { error: unknown }) => void;
}

/**
 * Object store that offers `putStream` (content without a hash of our own) only after the store has proved that it
 * verifies content. The test starts at once, in the background. After a test without a result, the next use of
 * `putStream` starts it again.
 */
export function provenContent(objects: ObjectStore, { enforces, found }: ProvenContentOptions): ObjectStore {
  let proven: boolean | undefined;
  let trying = false;
  async function prove(): Promise<void> {
    if (trying || proven !== undefined) return;
    trying = true;
    try {
      proven = await enforces();
      found({ enforced: proven });
    } catch (error) {
      found({ error });
    } finally {
      trying = false;
    }
  }
  prove();
  return {
    partSize: objects.partSize,
    get putStream(): PutStream | undefined {
      prove();
      return proven ? objects.putStream : undefined;
    },
    ...(objects.url && { url: objects.url }),
    get: (key, range) => objects.get(key, range),
    size: (key) => objects.size(key),
    put: (key, bytes, sha256) => objects.put(key, bytes, sha256),
    startParts: (key) => objects.startParts(key),
    putPart: (key, partsId, number, bytes) => objects.putPart(key, partsId, number, bytes),
    completeParts: (key, partsId, parts) => objects.completeParts(key, partsId, parts),
    abortParts: (key, partsId) => objects.abortParts(key, partsId),
    delete: (keys) => objects.delete(keys),
    list: (prefix, options) => objects.list(prefix, options),
    listParts: (prefix, limit) => objects.listParts(prefix, limit),
  };
}

const BODY = new TextEncoder().encode("tested by skerry check");

/**
 * True if the store rejects bytes that do not match their hash. AWS requires that for a signed request
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html); some other stores ignore it. Leaves
 * no object behind.
 *
 * @throws {Error} if the store failed for another reason, so the answer is unknown.
 */
export async function enforcesContent(
  objects: Pick<ObjectStore, "put" | "delete">,
  key: string,
): Promise<boolean> {
  try {
    await objects.put(key, BODY, createHash("sha256").update("something else").digest("hex"));
  } catch (error) {
    if (error instanceof ContentMismatchError) return true;
    throw error;
  }
  await objects.delete([key]);
  return false;
}
