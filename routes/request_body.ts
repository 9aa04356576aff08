import { RegistryError } from "../oci/errors.ts";
import { type BodyReader, readerOf } from "../registry/body_reader.ts";
import type { ByteStream } from "../registry/registry.ts";

/**
 * Bytes of the body where the client announced them.
 *
 * @throws {RegistryError} `SIZE_INVALID` for what is no length.
 */
export function contentLength(request: Request): number | undefined {
  const field = request.headers.get("Content-Length");
  if (field === null) return undefined;
  if (!/^[0-9]{1,15}$/.test(field)) throw new RegistryError("SIZE_INVALID", "Content-Length is malformed");
  return Number(field);
}

/** The body of a request, which ends with 408 where no byte of it comes for `idle` milliseconds; empty without one. */
export function bodyOf(request: Request, idle: number): ByteStream {
  return request.body === null ? emptyStream() : idleGuard(request.body, idle);
}

function emptyStream(): ByteStream {
  return new ReadableStream({ start: (controller) => controller.close() });
}

/**
 * A stream that breaks where one read takes longer than `idle` milliseconds: Deno waits for a silent client for ever.
 * The time in which nobody reads does not count. A body that breaks off is the client's failure and says so. Whoever
 * reads into a buffer of their own (`mode: "byob"`) has it handed on to the body, if that can take it.
 *
 * Until the first read the stream is left alone, so that a body which nobody wants can still be given up.
 */
export function idleGuard(stream: ByteStream, idle: number): ByteStream {
  let reader: BodyReader | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pendingSince: number | undefined;
  let stalled: RegistryError | undefined;
  // One timer that looks whether a read has been pending for too long costs less than one for each read.
  function watch() {
    const waited = pendingSince === undefined ? 0 : performance.now() - pendingSince;
    if (waited < idle) {
      timer = setTimeout(watch, idle - waited);
      return;
    }
    stalled = bodyError(408, "The request body stalled");
    reader?.cancel(stalled).catch(() => {}); // ends the pending read
  }
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      reader ??= readerOf(stream, controller.byobRequest !== null);
      timer ??= setTimeout(watch, idle);
      pendingSince = performance.now();
      try {
        const { done, value } = await reader.read(viewOf(controller));
        pendingSince = undefined;
        if (stalled !== undefined) throw stalled;
        if (!done) return handOn(controller, value);
        controller.close();
        if (controller.byobRequest !== null) handOn(controller, value ?? new Uint8Array());
      } catch (error) {
        controller.error(stalled ?? bodyError(400, "The request body broke off", error));
      }
      clearTimeout(timer);
    },
    cancel(reason) {
      clearTimeout(timer);
      return (reader ?? stream).cancel(reason);
    },
  }, { highWaterMark: 0 });
}

function viewOf({ byobRequest }: ReadableByteStreamController): ArrayBufferView<ArrayBuffer> | undefined {
  return byobRequest?.view ?? undefined;
}

/** Answers what was asked for; a view that was handed on to the body is gone, and what came back has its memory. */
function handOn(controller: ReadableByteStreamController, value: Uint8Array<ArrayBuffer> | undefined): void {
  const { byobRequest } = controller;
  if (byobRequest?.view?.byteLength === 0) byobRequest.respondWithNewView(value!);
  else if (value?.byteLength) controller.enqueue(value);
  else byobRequest?.respond(0);
}

function bodyError(status: number, message: string, cause?: unknown): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", message, { status, cause });
}

/**
 * The whole body, of at most `limit` bytes. Nothing beyond the limit is kept or waited for.
 *
 * @throws {RegistryError} 413 `SIZE_INVALID` as soon as there is more.
 */
export async function readBody(
  request: Request,
  limit: number,
  idle: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if ((contentLength(request) ?? 0) > limit) throw tooLarge(limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the rest of the body.
  for await (const chunk of bodyOf(request, idle)) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(limit: number): RegistryError {
  return new RegistryError("SIZE_INVALID", `Manifest is larger than ${limit} bytes`, { status: 413 });
}

/**
 * Gives up what is left of a body that nobody asked for, so that the connection can go on. (An answer that overtakes an
 * unread body stalls on some versions of Deno, denoland/deno#36624.)
 */
export async function discardBody(request: Request): Promise<void> {
  if (request.bodyUsed) return;
  try {
    await request.body?.cancel();
  } catch {
    // The client is gone: there is nothing left to give up.
  }
}
