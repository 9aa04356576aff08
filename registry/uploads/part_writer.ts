import { unavailable } from "../../oci/mod.ts";
import { ContentMismatchError, Tasks, UnavailableError } from "../../storage/ports.ts";
import { bestEffort, type Context } from "../protocol/mod.ts";
import {
  newObjectKey,
  packEtags,
  type Piece,
  type PrefixHash,
  unpackEtags,
  type UploadContent,
} from "../items/mod.ts";
import { type Filler, PartBuffer, readObject, readPieces, sizeOf } from "../streams/mod.ts";
import { contentOf, storedParts } from "./upload_content.ts";

/** State of the upload that a {@linkcode PartWriter} writes for. */
export interface PartWriterOptions {
  /** Under which every object of the upload is found. */
  prefix: string;
  /** Bytes that the upload already has. */
  content: UploadContent;
  /** Number of expected bytes, if known. */
  length: number | undefined;
  /**
   * Called before each part that continues parts of an earlier request, and before these are reopened. Another request
   * may be doing the same, and part numbers are shared. Rejects if this request must stop.
   */
  claim: () => Promise<void>;
  /** Called before an object or parts are begun. Throws if the sweep may have removed the upload. */
  assertUsable: () => void;
}

/** Maximum parts of one upload in flight to the store. */
const MAX_PARTS_IN_FLIGHT = 4;

/** Pieces that are merged into one, which limits the item of an upload in tiny chunks. */
const MAX_PIECES = 64;

/** An upload without bytes. */
const NO_CONTENT: UploadContent = { offset: 0, etags: [], tail: [] };

/**
 * Turns bytes of any chunk size into equal parts, with a few in flight to the store at a time. The rest is the last part
 * if no more bytes are expected, else a separate object until more bytes complete the part. Memory is limited by the pool
 * of buffers.
 */
export class PartWriter implements Filler {
  readonly #context: Context;
  readonly #options: PartWriterOptions;
  readonly #beganParts: boolean;
  readonly #sending = new Tasks();
  readonly #written: string[] = [];
  readonly #obsolete: string[] = [];
  #offset: number;
  #object: string | undefined;
  #partsId: string | undefined;
  #etags: string[];
  #tail: Piece[];
  #tailSize: number;
  /** The upload with its last part, until more bytes come. */
  #ended: UploadContent | undefined;
  readonly #buffer: PartBuffer;
  /** Running call of {@linkcode write} or {@linkcode yield}. */
  #busy: Promise<void> | undefined;
  #mustYield = false;

  /** Creates a writer that continues after `options.content`. */
  constructor(context: Context, options: PartWriterOptions) {
    const { content } = options;
    this.#context = context;
    this.#options = options;
    this.#buffer = new PartBuffer(context.buffers, this);
    this.#offset = content.offset;
    this.#ended = content.lastPart === undefined ? undefined : content;
    // Nothing can be added after a last part, so such bytes become parts of another object.
    const { object, partsId, etags, tail } = this.#ended === undefined ? content : NO_CONTENT;
    this.#beganParts = partsId === undefined;
    this.#object = object;
    this.#partsId = partsId;
    this.#etags = unpackEtags(etags);
    this.#tail = [...tail];
    this.#tailSize = sizeOf(this.#tail);
  }

  /** Bytes of the upload, those before included. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Writes the next bytes; the caller may reuse them as soon as this resolves. Answers no promise if it need not wait:
   * most chunks have a few kilobytes, and a promise costs more than copying them.
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    const isFree = this.#busy === undefined && !this.#mustYield && this.#ended === undefined;
    if (!isFree || bytes.length >= this.#room || !this.#buffer.fit(bytes)) return this.#writeInTurn(bytes);
    this.#offset += bytes.length;
  }

  async #writeInTurn(bytes: Uint8Array): Promise<void> {
    await this.#busy;
    await (this.#busy = this.#write(bytes).finally(() => this.#busy = undefined));
  }

  /** Bytes that the part still needs. */
  get #room(): number {
    return this.#context.objects.partSize - this.#tailSize - this.#buffer.size;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#ended !== undefined && bytes.length > 0) await this.#reopen(this.#ended);
    let rest = bytes;
    while (rest.length > 0) {
      const room = this.#room;
      const taken = rest.subarray(0, room);
      await this.#buffer.append(taken, this.#expected(taken.length));
      this.#offset += taken.length;
      rest = rest.subarray(taken.length);
      if (taken.length === room) await this.#flushPart();
    }
    if (this.#mustYield) await this.#spill();
  }

  /**
   * Makes room after a last part. No store lets anything follow a part that is shorter than the others, or reads parts
   * before they are an object. So they become one, whose bytes are stored again as the beginning of another. The item
   * names the first object until it names the other, so a crash or another request finds all that it needs.
   */
  async #reopen(content: UploadContent): Promise<void> {
    const { object, partsId, offset } = content;
    await this.#options.claim();
    this.#ended = undefined;
    const { objects } = this.#context;
    await objects.completeParts(object!, partsId!, storedParts(content, objects.partSize)).catch((error) => {
      if (!(error instanceof ContentMismatchError)) throw error;
      throw unavailable("Cannot append to the upload: the store has lost a part", { cause: error });
    });
    const found = await readObject(this.#context, object!);
    if (found?.size !== offset) throw new Error(`Object "${object}" of an upload is not in the store`);
    this.#obsolete.push(object!);
    this.#offset = 0;
    for await (const chunk of found.chunks) await this.#write(chunk);
  }

  /** Expected size of the buffer when it must grow by `more` bytes. */
  #expected(more: number): number {
    const { length } = this.#options;
    const most = this.#context.objects.partSize - this.#tailSize;
    // After a full part of a body of unknown length, more is expected.
    if (length === undefined) return this.#etags.length > 0 ? most : this.#buffer.size + more;
    return Math.min(most, this.#buffer.size + length - (this.#offset - this.#options.content.offset));
  }

  /** Others wait for the buffer that the client of this upload does not fill. */
  yield(): void {
    this.#mustYield = true;
    if (this.#busy !== undefined) return;
    this.#busy = this.#sending.add(this.#spill()).finally(() => this.#busy = undefined);
  }

  async #spill(): Promise<void> {
    this.#mustYield = false;
    if (this.#buffer.size > 0) await this.#flushPiece();
  }

  /**
   * Stores the rest and waits for all parts in flight. `isEnd`: no more bytes are expected, so the rest becomes the last
   * part at once. `hash`: hash of all bytes of the upload, if known.
   */
  async finish(isEnd: boolean, hash?: PrefixHash): Promise<UploadContent> {
    await this.#busy;
    const hashed = hash === undefined ? {} : { hash };
    if (this.#ended !== undefined) return { ...contentOf(this.#ended), ...hashed };
    const isLastPart = isEnd && this.#buffer.size > 0 && this.#etags.length > 0;
    const lastPart = isLastPart ? await this.#flushLastPart() : undefined;
    if (this.#buffer.size > 0) await this.#flushPiece(hash);
    await this.#sending.fewerThan(1);
    this.#sending.throwFailure();
    return {
      offset: this.#offset,
      etags: packEtags(this.#etags),
      tail: this.#tail,
      ...(this.#object === undefined ? {} : { object: this.#object }),
      ...(this.#partsId === undefined ? {} : { partsId: this.#partsId }),
      ...(lastPart === undefined ? {} : { lastPart }),
      ...hashed,
      ...(this.#obsolete.length > 0 && { unlisted: true as const }),
    };
  }

  /**
   * Deletes what was written, because another request won or because of `failure`. After an {@linkcode
   * UnavailableError} everything stays: the write of the upload's item may have taken effect although its answer was
   * lost, and then the item names these objects. Otherwise the sweep deletes them.
   */
  async discard(failure?: unknown): Promise<void> {
    await this.#busy?.catch(() => {});
    this.#buffer.drop();
    await this.#sending.fewerThan(1);
    if (failure instanceof UnavailableError) return;
    const { objects } = this.#context;
    const [object, partsId] = [this.#object, this.#partsId];
    if (this.#written.length > 0) await bestEffort(() => objects.delete(this.#written));
    if (this.#beganParts && object !== undefined && partsId !== undefined) {
      await bestEffort(() => objects.abortParts(object, partsId));
    }
  }

  /** Deletes the objects that are no longer needed once the content that {@linkcode finish} answered is what counts. */
  async dropObsolete(): Promise<void> {
    if (this.#obsolete.length > 0) await bestEffort(() => this.#context.objects.delete(this.#obsolete));
  }

  /** The bytes since the last part, with those of the tail before them, which it then replaces. */
  async #takeRest(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#tail.length > 0) {
      await readPieces(this.#context, this.#tail, await this.#buffer.prepend(this.#tailSize));
      this.#obsolete.push(...this.#tail.map((piece) => piece.key));
      this.#tail = [];
      this.#tailSize = 0;
    }
    return this.#buffer.detach();
  }

  async #flushPart(): Promise<void> {
    await this.#sending.fewerThan(MAX_PARTS_IN_FLIGHT);
    this.#sending.throwFailure();
    this.#mustYield = false;
    const { object, partsId } = await this.#ownParts();
    const bytes = await this.#takeRest();
    const index = this.#etags.push("") - 1;
    const { objects, buffers } = this.#context;
    this.#sending.add(
      buffers.spend(bytes, () => objects.putPart(object, partsId, index + 1, bytes))
        .then((part) => void (this.#etags[index] = part.etag)),
    );
  }

  async #flushLastPart(): Promise<{ size: number; etag: string }> {
    const { object, partsId } = await this.#ownParts();
    const bytes = await this.#takeRest();
    const number = this.#etags.length + 1;
    const { objects, buffers } = this.#context;
    const { size, etag } = await buffers.spend(bytes, () => objects.putPart(object, partsId, number, bytes));
    return { size, etag };
  }

  async #flushPiece(hash?: PrefixHash): Promise<void> {
    // Merging costs at most one part for every MAX_PIECES chunks, so that time stays linear in bytes.
    const bytes = this.#tail.length >= MAX_PIECES ? await this.#takeRest() : this.#buffer.detach();
    this.#options.assertUsable();
    const key = newObjectKey(this.#options.prefix);
    this.#written.push(key);
    const { objects, buffers } = this.#context;
    // A piece that is the whole upload is hashed already.
    const sha256 = hash?.algorithm === "sha256" && hash.offset === bytes.length ? hash.hex : undefined;
    await buffers.spend(bytes, () => objects.put(key, bytes, sha256));
    this.#tail.push({ key, size: bytes.length });
    this.#tailSize += bytes.length;
  }

  /** The parts to add to: begun now, or claimed from an earlier request's. */
  async #ownParts(): Promise<{ object: string; partsId: string }> {
    if (!this.#beganParts) await this.#options.claim();
    if (this.#partsId === undefined) this.#options.assertUsable();
    this.#object ??= newObjectKey(this.#options.prefix);
    this.#partsId ??= await this.#context.objects.startParts(this.#object);
    return { object: this.#object, partsId: this.#partsId };
  }
}
