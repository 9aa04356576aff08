import { RegistryError } from "../../oci/mod.ts";
import { BodyReader, type ByteStream } from "../../registry/interface.ts";
import type { BodyBudget } from "./body_budget.ts";

/**
 * Announced bytes of the body; `undefined` without `Content-Length`.
 *
 * @throws {RegistryError} `SIZE_INVALID` for a malformed length.
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

/** Bytes of room that a body has at first that takes room as it comes. */
const FIRST_ROOM_BYTES = 8 * 1024;

/** Options of reading a body into memory. */
export interface BodyOptions {
  /** Maximum bytes. */
  limit: number;
  /** Milliseconds without a byte after which it is given up. */
  idle: number;
  /** Has room for it. */
  bodies: BodyBudget;
  /** Network of the client, which has a share of the room. */
  network?: string | undefined;
  /** Ends the body when it is aborted. */
  stop: AbortSignal | undefined;
  /** True for a body that takes room as it comes, and not for its whole length before: small ones of any client. */
  grows?: boolean;
  /** For an error; a manifest by default. */
  what?: string;
}

/**
 * Runs `use` with the whole body, which takes room of the budget until then. Nothing beyond the limit is stored or
 * waited for.
 *
 * @throws {RegistryError} 413 `SIZE_INVALID` above the limit, 503 if the budget has no room or the process stops, 408
 *   if the body arrives too slowly.
 */
export async function withBody<T>(
  request: Request,
  { limit, idle, bodies, network, stop, grows = false, what = "Manifest" }: BodyOptions,
  use: (bytes: Uint8Array<ArrayBuffer>) => T | Promise<T>,
): Promise<T> {
  const length = contentLength(request);
  if (length !== undefined && length > limit) throw tooLarge(what, limit);
  const reader = new BodyReader(bodyOf(request), {
    idle,
    stop,
    length: grows ? Math.min(length ?? limit, FIRST_ROOM_BYTES) : length,
  });
  const room = reader.bufferSize + (grows ? 0 : length ?? limit);
  const hold = await bodies.take(room, (reason) => reader.giveUp(reason), network);
  try {
    const admit = (size: number) => {
      if (size > (length ?? limit)) throw tooLarge(what, limit);
      if (grows) hold.grow(reader.bufferSize + size);
    };
    const bytes = await readWhole(reader, length ?? limit, admit);
    hold.arrived(bytes.byteLength);
    return await use(bytes);
  } finally {
    hold.release();
  }
}

/** Whole body in one growing buffer. `admit` throws if it may not have that many bytes. */
async function readWhole(
  reader: BodyReader,
  most: number,
  admit: (size: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new ArrayBuffer(0, { maxByteLength: most });
  for (let chunk; (chunk = await reader.read());) {
    const size = buffer.byteLength;
    try {
      admit(size + chunk.byteLength);
    } catch (error) {
      await reader.cancel();
      throw error;
    }
    buffer.resize(size + chunk.byteLength);
    new Uint8Array(buffer, size).set(chunk);
  }
  return new Uint8Array(buffer.transferToFixedLength());
}

function tooLarge(what: string, limit: number): RegistryError {
  return new RegistryError("SIZE_INVALID", `${what} is larger than ${limit} bytes`, { status: 413 });
}
