import { bestEffort } from "./best_effort.ts";
import type { Context } from "./context.ts";
import type { Piece, UploadContent } from "./items.ts";
import { newObjectKey } from "./object_key.ts";

/** What a {@linkcode PartWriter} needs to know of the upload that it writes for. */
export interface PartWriterOptions {
  /** Under which every object of the upload is found. */
  prefix: string;
  /** Where the bytes before are. */
  content: UploadContent;
  /** Bytes that are to come, where that is known. */
  length: number | undefined;
  /**
   * Called before each part that is added to parts which an earlier request began: another request may be adding to
   * them at the same time, and a part number is nobody's own. Rejects where this request may not go on.
   */
  claim: () => Promise<void>;
}

/** Most parts of one upload that are on their way to the store at the same time. */
const MOST_IN_FLIGHT = 4;

/** So many pieces are merged into one, which bounds the item of an upload that comes in tiny chunks. */
const MOST_PIECES = 64;

/** The first buffer of a body of unknown length, in bytes. */
const FIRST_BUFFER = 64 * 1024;

/**
 * Turns bytes that come in any size into equal parts, a few of them on their way to the store at a time, and a rest,
 * which becomes an object of its own until more bytes make it a part. Holds one part at a time, and more only while the
 * whole process has places for them.
 */
export class PartWriter {
  readonly #context: Context;
  readonly #options: PartWriterOptions;
  readonly #beganParts: boolean;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #written: string[] = [];
  readonly #obsolete: string[] = [];
  #failure: { error: unknown } | undefined;
  #offset: number;
  #object: string | undefined;
  #partsId: string | undefined;
  #etags: string[];
  #tail: Piece[];
  #tailSize: number;
  #buffer = new Uint8Array(0);
  #filled = 0;

  /** A writer that goes on after `options.content`. */
  constructor(context: Context, options: PartWriterOptions) {
    const { content } = options;
    this.#context = context;
    this.#options = options;
    this.#beganParts = content.partsId === undefined;
    this.#offset = content.offset;
    this.#object = content.object;
    this.#partsId = content.partsId;
    this.#etags = [...content.etags];
    this.#tail = [...content.tail];
    this.#tailSize = sizeOf(this.#tail);
  }

  /** Bytes of the upload, those before included. */
  get offset(): number {
    return this.#offset;
  }

  /** Takes the next bytes, which may be used for something else as soon as this resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const room = this.#context.objects.partSize - this.#tailSize - this.#filled;
      const taken = rest.subarray(0, room);
      this.#append(taken);
      this.#offset += taken.length;
      rest = rest.subarray(taken.length);
      if (taken.length === room) await this.#flushPart();
    }
  }

  /**
   * Stores the rest and waits until the store has everything. `final` says that no more bytes come, so that the rest
   * can be the last part at once.
   */
  async finish(final: boolean): Promise<Omit<UploadContent, "hash">> {
    const lastPart = final && this.#filled > 0 && this.#etags.length > 0
      ? await this.#flushLastPart()
      : undefined;
    if (this.#filled > 0) await this.#flushPiece();
    await Promise.all(this.#inFlight);
    this.#throwFailure();
    return {
      offset: this.#offset,
      etags: this.#etags,
      tail: this.#tail,
      ...(this.#object === undefined ? {} : { object: this.#object }),
      ...(this.#partsId === undefined ? {} : { partsId: this.#partsId }),
      ...(lastPart === undefined ? {} : { lastPart }),
    };
  }

  /** Takes back what was written, because something else counts now. */
  async discard(): Promise<void> {
    await Promise.all(this.#inFlight);
    const { objects } = this.#context;
    const [object, partsId] = [this.#object, this.#partsId];
    if (this.#written.length > 0) await bestEffort(() => objects.delete(this.#written));
    if (this.#beganParts && object !== undefined && partsId !== undefined) {
      await bestEffort(() => objects.abortParts(object, partsId));
    }
  }

  /** Deletes the objects that are no longer needed once the content that {@linkcode finish} answered is what counts. */
  async settle(): Promise<void> {
    if (this.#obsolete.length > 0) await bestEffort(() => this.#context.objects.delete(this.#obsolete));
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#filled + bytes.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer.set(bytes, this.#filled);
    this.#filled = needed;
  }

  /** What may become a whole part takes a whole buffer; a small blob should not, and how small is not always known. */
  #grow(needed: number): void {
    const { buffers } = this.#context;
    // Of a body that has filled a part already more is to be expected.
    const first = this.#options.length ?? (this.#etags.length > 0 ? buffers.size : FIRST_BUFFER);
    const likely = this.#buffer.length === 0 ? first : Math.max(this.#buffer.length * 2, FIRST_BUFFER);
    const size = Math.max(needed, likely);
    const grown = size > buffers.size / 2 ? buffers.take() : new Uint8Array(size);
    grown.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = grown;
  }

  /** The bytes since the last part, with those of the tail before them, which it then replaces. */
  async #takeRest(): Promise<Uint8Array<ArrayBuffer>> {
    const fresh = this.#takeFresh();
    if (this.#tail.length === 0) return fresh;
    const bytes = await readPieces(this.#context, this.#tail, fresh);
    this.#context.buffers.give(fresh);
    this.#obsolete.push(...this.#tail.map((piece) => piece.key));
    this.#tail = [];
    this.#tailSize = 0;
    return bytes;
  }

  #takeFresh(): Uint8Array<ArrayBuffer> {
    const fresh = this.#buffer.subarray(0, this.#filled);
    this.#buffer = new Uint8Array(0);
    this.#filled = 0;
    return fresh;
  }

  async #flushPart(): Promise<void> {
    const bytes = await this.#takeRest();
    const index = this.#etags.push("") - 1;
    const giveBack = await this.#takePlace();
    const { object, partsId } = await this.#ownParts();
    const { objects, buffers } = this.#context;
    const sent = objects.putPart(object, partsId, index + 1, bytes).then((part) => {
      this.#etags[index] = part.etag;
      // Not after a failure: the store may still be reading.
      buffers.give(bytes);
    }).catch((error) => void (this.#failure ??= { error })).finally(() => {
      this.#inFlight.delete(sent);
      giveBack();
    });
    this.#inFlight.add(sent);
  }

  async #flushLastPart(): Promise<{ size: number; etag: string }> {
    const bytes = await this.#takeRest();
    const { object, partsId } = await this.#ownParts();
    const { size, etag } = await this.#context.objects.putPart(
      object,
      partsId,
      this.#etags.length + 1,
      bytes,
    );
    return { size, etag };
  }

  async #flushPiece(): Promise<void> {
    // Merging costs at most one part for every MOST_PIECES chunks, so that time stays linear in bytes.
    const bytes = this.#tail.length >= MOST_PIECES ? await this.#takeRest() : this.#takeFresh();
    const key = newObjectKey(this.#options.prefix);
    await this.#context.objects.put(key, bytes);
    this.#context.buffers.give(bytes);
    this.#written.push(key);
    this.#tail.push({ key, size: bytes.length });
  }

  /** Waits until one more part may be on its way. The first one of an upload always may, so nobody starves. */
  async #takePlace(): Promise<() => void> {
    for (;;) {
      this.#throwFailure();
      if (this.#inFlight.size === 0) return () => {};
      const { partsInFlight } = this.#context;
      if (this.#inFlight.size < MOST_IN_FLIGHT && partsInFlight.tryAcquire()) {
        return () => partsInFlight.release();
      }
      await Promise.race(this.#inFlight);
    }
  }

  /** The parts to add to: begun now, or claimed from an earlier request's. */
  async #ownParts(): Promise<{ object: string; partsId: string }> {
    if (!this.#beganParts) await this.#options.claim();
    this.#object ??= newObjectKey(this.#options.prefix);
    this.#partsId ??= await this.#context.objects.startParts(this.#object);
    return { object: this.#object, partsId: this.#partsId };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** The pieces, one after the other, and `more` behind them. */
export async function readPieces(
  context: Pick<Context, "objects">,
  pieces: Piece[],
  more: Uint8Array = new Uint8Array(0),
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeOf(pieces) + more.length);
  let offset = 0;
  for (const piece of pieces) {
    const found = await context.objects.get(piece.key);
    if (found?.size !== piece.size) throw new Error(`Piece "${piece.key}" of an upload is not in the store`);
    for await (const chunk of found.body) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
  }
  bytes.set(more, offset);
  return bytes;
}

/** Bytes of all pieces. */
function sizeOf(pieces: Piece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.size, 0);
}
