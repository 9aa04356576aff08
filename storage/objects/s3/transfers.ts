import type { ByteRange, StoredObject } from "../object_store.ts";
import { checkRange } from "../parts.ts";
import { errorOf } from "./errors.ts";
import type { SignedRequest } from "../../aws/mod.ts";

/** An answer with a body that has not been read. */
type Answer = StoredObject | undefined;

/**
 * Reads an object or a range of it with a signed request. The body is that of the answer and does not pass JavaScript,
 * which would cost two thirds of the speed. If the store breaks off, the body fails and never ends as if it were
 * complete.
 *
 * @throws {RangeError} for a range outside the object.
 * @throws {S3Error} for every answer except the object or its absence.
 */
export async function download(
  request: Request,
  { key, range, signal }: { key: string; range?: ByteRange | undefined; signal: AbortSignal },
): Promise<Answer> {
  const response = await fetch(request, {
    signal,
    ...(range && { headers: withRange(request.headers, range) }),
  }).catch((error) => {
    throw withoutQuery(error);
  });
  if (response.status === 200 || response.status === 206) return await toObject(key, response, range);
  const error = await errorOf("read", key, response);
  // A missing bucket is an outage: a caller that believed its objects deleted might delete the items that name them.
  if (error.status === 404 && error.code !== "NoSuchBucket") return undefined;
  if (range && error.status === 416) {
    throw new RangeError(`Cannot read bytes ${range.first} to ${range.last} of an object that is shorter`);
  }
  throw error;
}

/** Error of `fetch` without the query of the URL: its signature would let every reader of the log read the object. */
function withoutQuery(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const { message } = error.cause instanceof Error ? error.cause : error;
  return new TypeError(message.replace(/\?[^)\s]*/, ""));
}

/** All headers of a request with a range: those of the options of `fetch` replace those of the request. */
function withRange(headers: Headers, { first, last }: ByteRange): Headers {
  const ranged = new Headers(headers);
  ranged.set("range", `bytes=${first}-${last}`);
  return ranged;
}

/** Object of an answer with the requested bytes. Cancels the body of any other answer. */
async function toObject(
  key: string,
  response: Response,
  range: ByteRange | undefined,
): Promise<StoredObject> {
  const { status, headers } = response;
  try {
    const size = sizeOf(headers, status, range);
    if (size === undefined) {
      throw new Error(`Cannot read "${key}": the store answers ${status} with other bytes`);
    }
    if (range) checkRange(range, size);
    return { size, body: response.body ?? new Blob([]).stream() };
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

/** Size of the whole object in bytes; `undefined` if the answer has other bytes than requested, or does not tell. */
function sizeOf(headers: Headers, status: number, range: ByteRange | undefined): number | undefined {
  const whole = /^\d+$/.exec(headers.get("content-length") ?? "");
  if (status === 200) {
    const size = whole === null ? undefined : Number(whole[0]);
    // A server may ignore a range (RFC 9110 §14.2), which is harmless if the range is the whole object.
    return range && (range.first !== 0 || size === undefined || range.last < size - 1) ? undefined : size;
  }
  const [, first, last, size] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [])
    .map(Number);
  if (!range || size === undefined) return undefined;
  return first === range.first && last === Math.min(range.last, size - 1) ? size : undefined;
}

/** Smaller bodies use `fetch`: copying them is cheaper than a request of `node:https`. */
const MIN_STREAMED_BYTES = 512 * 1024;

/**
 * Uploads bytes, or the body of a request while it arrives. Returns the ETag.
 *
 * @throws {S3Error} for every answer except success.
 */
export async function upload(
  request: SignedRequest,
  { key, body, signal }: { key: string; body: Uint8Array<ArrayBuffer> | ReadableStream; signal: AbortSignal },
): Promise<string> {
  if (body instanceof Uint8Array && body.length >= MIN_STREAMED_BYTES) {
    const { putBytes } = await importNodeUpload();
    return await etagOf(key, await putBytes(request, body, signal));
  }
  const { url, headers } = request;
  return await etagOf(key, await fetch(url, { method: "PUT", headers, body, signal, redirect: "manual" }));
}

let nodeUpload: Promise<typeof import("./node_upload.ts")> | undefined;

/** Loads the uploads of `node:https` once, which takes 7 ms of CPU time: a process that only reads needs none. */
export function importNodeUpload(): Promise<typeof import("./node_upload.ts")> {
  return nodeUpload ??= import(new URL("node_upload.ts", import.meta.url).href);
}

/** ETag of the stored object or part. */
export async function etagOf(key: string, response: Response): Promise<string> {
  if (response.status !== 200) throw await errorOf("store", key, response);
  // Read to the end, so that the next request can use the connection.
  await response.arrayBuffer();
  return response.headers.get("etag") ?? "";
}
