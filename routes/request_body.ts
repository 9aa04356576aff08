import { RegistryError } from "../oci/errors.ts";
import { BodyReader } from "../registry/body_reader.ts";
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

/** The body of a request; empty without one. */
export function bodyOf(request: Request): ByteStream {
  return request.body ?? new ReadableStream({ start: (controller) => controller.close() });
}

/**
 * The whole body, of at most `limit` bytes. Nothing beyond the limit is kept or waited for. `what` it is, for an error.
 *
 * @throws {RegistryError} 413 `SIZE_INVALID` as soon as there is more.
 */
export async function readBody(
  request: Request,
  limit: number,
  idle: number,
  what = "Manifest",
): Promise<Uint8Array<ArrayBuffer>> {
  const length = contentLength(request);
  if (length !== undefined && length > limit) throw tooLarge(what, limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = new BodyReader(bodyOf(request), { idle, length });
  for (let chunk; (chunk = await reader.read());) {
    size += chunk.byteLength;
    if (size > limit) {
      await reader.cancel();
      throw tooLarge(what, limit);
    }
    chunks.push(chunk.slice());
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(what: string, limit: number): RegistryError {
  return new RegistryError("SIZE_INVALID", `${what} is larger than ${limit} bytes`, { status: 413 });
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
