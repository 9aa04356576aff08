import type { Piece } from "../items/mod.ts";
import { PartBuffer } from "./part_buffer.ts";
import type { BufferPool } from "./buffer_pool.ts";
import { type ObjectSource, readObject } from "./read_object.ts";

/** Reads the pieces, one after the other, into `target`, which they fill. */
export async function readPieces(
  context: ObjectSource,
  pieces: Piece[],
  target: Uint8Array,
): Promise<void> {
  let offset = 0;
  for (const piece of pieces) {
    const found = await readObject(context, piece.key);
    if (found?.size !== piece.size) throw new Error(`Piece "${piece.key}" of an upload is not in the store`);
    for await (const chunk of found.chunks) {
      target.set(chunk, offset);
      offset += chunk.length;
    }
  }
}

/** Sends the bytes of the pieces, less than one part in all, somewhere. */
export async function sendPieces<T>(
  context: ObjectSource & { buffers: BufferPool },
  pieces: Piece[],
  send: (bytes: Uint8Array<ArrayBuffer>) => Promise<T>,
): Promise<T> {
  // It is filled at the speed of the store, so giving it back early gains nothing.
  const buffer = new PartBuffer(context.buffers, { yield() {} });
  try {
    await readPieces(context, pieces, await buffer.prepend(sizeOf(pieces)));
  } catch (error) {
    buffer.drop();
    throw error;
  }
  const bytes = buffer.detach();
  return await context.buffers.spend(bytes, () => send(bytes));
}

/** Bytes of all pieces. */
export function sizeOf(pieces: Piece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.size, 0);
}
