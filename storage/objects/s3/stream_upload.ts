import { once } from "node:events";
import type { ClientRequest } from "node:http";
import { BrokenBodyError, ContentMismatchError, UnavailableError } from "../../errors.ts";
import { abortAfter } from "../../timeout.ts";
import { isTransient } from "./errors.ts";
import type { SignedRequest } from "../../aws/mod.ts";
import { etagOf, importNodeUpload, upload } from "./transfers.ts";

/** Body of known length that is sent while it arrives. */
export interface StreamBody {
  /** Key of the object, for errors. */
  key: string;
  /** The bytes. */
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes. */
  size: number;
}

/** Minimum rate of a body in bytes a second: the client sets the pace, but within limits. */
const MIN_BYTES_PER_SECOND = 16 * 1024;

/**
 * Uploads a stream with its length announced, which S3 requires. One attempt: a stream cannot be repeated.
 *
 * A request's own body goes from socket to socket without passing JavaScript, and `fetch` announces the length that its
 * client announced. For a stream made in JavaScript `fetch` knows no length and accepts none in a header
 * (denoland/deno#20274): such a stream uses `node:http`, at half the speed and twice the CPU time.
 *
 * `deadline` is the time in milliseconds that an answer may take, beyond the body at the minimum rate.
 *
 * @throws {ContentMismatchError} if a stream made in JavaScript has more or fewer bytes.
 * @throws {BrokenBodyError} if the client of a request whose body this is disconnects.
 * @throws {S3Error} for every answer except success.
 * @throws {UnavailableError} if the store does not answer, or asks for a retry.
 */
export async function streamOnce(
  request: SignedRequest,
  stream: StreamBody,
  deadline: number,
): Promise<void> {
  const timeout = abortAfter(deadline + stream.size / MIN_BYTES_PER_SECOND * 1000);
  try {
    if (isNative(stream.body)) await upload(request, { ...stream, signal: timeout.signal });
    else await etagOf(stream.key, await put(request, stream, timeout.signal));
  } catch (error) {
    if (isBrokenBody(error)) throw new BrokenBodyError(stream.key, error);
    if (!timeout.signal.aborted && !isTransient(error)) throw error;
    throw new UnavailableError(`store "${stream.key}"`, error);
  } finally {
    timeout.clear();
  }
}

/**
 * True if the stream is a resource of the Deno runtime that has not been read yet. This private symbol is the only way
 * to find out. If a Deno release renames it, every stream takes the slow path, which the tests report.
 */
export function isNative(stream: ReadableStream): boolean {
  const mark = Object.getOwnPropertySymbols(stream).find(({ description }) =>
    description === "[[resourceBacking]]"
  );
  return mark !== undefined && Boolean((stream as unknown as Record<symbol, unknown>)[mark]);
}

/** Message of Deno for a request body that its client did not send to the end. Never an error of the store. */
const BROKEN_BODY = /^(unexpected EOF while reading HTTP\/1 body|Cannot read request body)/;

/** True if `fetch` failed because the body that it sent broke off. */
function isBrokenBody(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof Error && BROKEN_BODY.test(error.cause.message);
}

/** Sends a stream of JavaScript's. */
async function put(request: SignedRequest, stream: StreamBody, signal: AbortSignal): Promise<Response> {
  const reader = stream.body.getReader();
  try {
    const { putByNode } = await importNodeUpload();
    return await putByNode(request, { size: stream.size, keeps: false, signal }, async (request, stop) => {
      stop.addEventListener("abort", () => reader.cancel().catch(() => {}));
      await send(request, reader, stream, stop);
    });
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function send(
  request: ClientRequest,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { key, size }: StreamBody,
  signal: AbortSignal,
): Promise<void> {
  let left = size;
  let held: Uint8Array | undefined;
  request.flushHeaders(); // the store may have an answer to them alone
  while (true) {
    const { value } = await reader.read();
    left -= value?.length ?? 0;
    if (value === undefined ? left > 0 : left < 0) throw new ContentMismatchError(key);
    // The last bytes are held back until the stream has ended: a store that has received all bytes stores the object.
    if (held && !request.write(held)) await once(request, "drain", { signal });
    if (value === undefined) break;
    held = value;
  }
  request.end();
}
