import { createHash } from "node:crypto";
import { algorithmOf, type Digest, isDigest, type RepositoryName } from "../oci/mod.ts";
import type { Reader } from "../registry/interface.ts";

/** Maximum bytes of a blob with a signature or an attestation. */
export const MAX_BLOB_BYTES = 4 * 1024 * 1024;

/** Content is larger than it may be. */
export class TooLargeError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "TooLargeError";
}

/**
 * Bytes of a blob, compared with the digest and the size of its descriptor.
 *
 * @throws {TooLargeError} if there are more than {@linkcode MAX_BLOB_BYTES}.
 * @throws {TypeError} if the descriptor does not fit.
 */
export async function readBlob(
  registry: Pick<Reader, "getBlob">,
  repository: RepositoryName,
  { digest, size }: { digest: string; size: number },
): Promise<Uint8Array> {
  if (!isDigest(digest)) throw new TypeError(`Cannot read "${digest.slice(0, 80)}": unknown digest`);
  if (size > MAX_BLOB_BYTES) {
    throw new TooLargeError(`Not verified: has ${size} bytes, more than ${MAX_BLOB_BYTES}`);
  }
  const blob = await registry.getBlob(repository, digest);
  // The limit on the bytes of all signatures counts the sizes of descriptors.
  if (blob.size !== size) throw new TypeError(`Blob ${digest} has ${blob.size} bytes instead of ${size}`);
  const bytes = blob.bytes ?? await readAll(await blob.open(), blob.size);
  assertDigest(bytes, digest);
  return bytes;
}

async function readAll(stream: ReadableStream<Uint8Array<ArrayBuffer>>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let length = 0;
  for await (const chunk of stream) {
    if (length + chunk.length > size) throw new TypeError("Blob is longer than its size");
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

function assertDigest(bytes: Uint8Array, digest: Digest): void {
  const algorithm = algorithmOf(digest);
  const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  if (actual !== digest) throw new TypeError(`Blob ${digest} has the digest ${actual}`);
}
