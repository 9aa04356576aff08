import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Operation } from "./operation.ts";
import type { Quirks } from "./quirks.ts";
import { S3Error } from "./s3_error.ts";

/** A body, and the checksum headers that came with it or after it. */
interface Payload {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly checksums: Headers;
}

const NEEDS_LENGTH: ReadonlySet<Operation> = new Set<Operation>(["PutObject", "UploadPart"]);
const NEEDS_CHECKSUM: ReadonlySet<Operation> = new Set<Operation>([
  "DeleteObjects",
  "PutBucketLifecycleConfiguration",
]);

/** Checksums that are looked at, each as it stands in its header; others are taken as they are. */
const CHECKSUMS: Record<string, (bytes: Uint8Array) => string> = {
  "content-md5": (bytes) => createHash("md5").update(bytes).digest("base64"),
  "x-amz-checksum-sha256": (bytes) => createHash("sha256").update(bytes).digest("base64"),
  "x-amz-checksum-crc32": (bytes) => {
    const checksum = new Uint8Array(4);
    new DataView(checksum.buffer).setUint32(0, crc32(bytes));
    return checksum.toBase64();
  },
};

/**
 * The bytes of a request, out of their chunks and checked against all that it says about them.
 *
 * @param contentHash The value of `x-amz-content-sha256`.
 * @throws {S3Error} where they are others, or their length is not known beforehand.
 */
export async function readBody(
  request: Request,
  operation: Operation,
  contentHash: string | undefined,
  quirks: Quirks,
): Promise<Uint8Array<ArrayBuffer>> {
  const streaming = contentHash?.startsWith("STREAMING-") ?? false;
  const length = request.headers.get(streaming ? "x-amz-decoded-content-length" : "content-length");
  if (NEEDS_LENGTH.has(operation) && length === null) {
    throw new S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  const raw = await request.bytes().catch((cause: unknown) => {
    throw new S3Error("IncompleteBody", `The client went away while it sent its body: ${cause}`);
  });
  const { bytes, checksums } = streaming ? dechunked(raw) : { bytes: raw, checksums: request.headers };
  if (streaming && bytes.length !== Number(length)) {
    throw new S3Error(
      "IncompleteBody",
      "The body is not of the length that x-amz-decoded-content-length says",
    );
  }
  if (!streaming) checkHash(bytes, contentHash, quirks);
  checkChecksums(bytes, checksums, operation);
  return bytes;
}

function checkHash(bytes: Uint8Array, contentHash: string | undefined, quirks: Quirks): void {
  if (contentHash === undefined || contentHash === "UNSIGNED-PAYLOAD" || quirks.ignoresContentHash) return;
  if (!/^[0-9a-f]{64}$/.test(contentHash)) {
    throw new S3Error(
      "InvalidArgument",
      "x-amz-content-sha256 must be a hash, UNSIGNED-PAYLOAD or STREAMING-*",
    );
  }
  if (createHash("sha256").update(bytes).digest("hex") === contentHash) return;
  throw new S3Error(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  );
}

function checkChecksums(bytes: Uint8Array, headers: Headers, operation: Operation): void {
  const given = [...headers.keys()].filter((name) =>
    name === "content-md5" || name.startsWith("x-amz-checksum-")
  );
  if (NEEDS_CHECKSUM.has(operation) && given.length === 0) {
    throw new S3Error(
      "InvalidRequest",
      "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    );
  }
  for (const name of given) {
    const checksum = CHECKSUMS[name]?.(bytes);
    if (checksum === undefined || checksum === headers.get(name)) continue;
    throw new S3Error("BadDigest", `The ${name} you specified did not match what we received`);
  }
}

/**
 * Takes `aws-chunked` apart; the signatures of the chunks are not looked at.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
function dechunked(raw: Uint8Array<ArrayBuffer>): Payload {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  const line = (): string => {
    const end = raw.indexOf(0x0a, at);
    if (end === -1) throw new S3Error("IncompleteBody", "The body ends within a chunk");
    const text = new TextDecoder().decode(raw.subarray(at, end)).trimEnd();
    at = end + 1;
    return text;
  };
  for (;;) {
    const size = parseInt(line(), 16);
    if (!(at + size <= raw.length)) throw new S3Error("IncompleteBody", "The body ends within a chunk");
    if (size === 0) break;
    chunks.push(raw.subarray(at, at + size));
    at += size;
    line();
  }
  const checksums = new Headers();
  while (at < raw.length) {
    const [name, value] = line().split(/:(.*)/s);
    if (name && value !== undefined) checksums.set(name, value.trim());
  }
  return { bytes: joined(chunks), checksums };
}

/** All the bytes in one piece. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
