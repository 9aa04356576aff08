import { type ByteRange, rangeLength } from "./range.ts";

/** The content that {@linkcode byteranges} frames. */
export interface ByterangesSource {
  /** Bytes of the whole. */
  size: number;
  /** The media type of the whole. */
  contentType: string;
  /** In the order in which they are to be sent, each within the whole. */
  ranges: ByteRange[];
  /** Opens one range; its stream must give all its bytes and not one more. */
  open(range: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/** A body of several ranges, and the header fields that it needs. */
export interface Byteranges {
  /** The value of `Content-Type`, with the boundary. */
  contentType: string;
  /** Bytes of {@linkcode stream}, exactly: the value of `Content-Length`. */
  contentLength: number;
  /** The body as a stream. The caller reads it to the end or cancels it; no object is opened before the first read. */
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Several ranges as `multipart/byteranges` (RFC 9110 §14.6), one part for each range in the same order.
 *
 * At most one range is open at a time, and it is read only as fast as the reader asks. If a range cannot be opened or
 * has the wrong length, the stream fails, so that the client sees a broken transfer.
 */
export function byteranges(source: ByterangesSource): Byteranges {
  const boundary = crypto.randomUUID(); // so that no content can hold it but by chance
  const parts = source.ranges.map((range, index) => ({
    range,
    head: partHead(source, range, boundary, index),
  }));
  const tail = encoder.encode(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentLength: parts.reduce(
      (sum, { head, range }) => sum + head.length + rangeLength(range),
      tail.length,
    ),
    stream: new ReadableStream(new PartsReader(parts, tail, source.open), { highWaterMark: 0 }),
  };
}

const encoder = new TextEncoder();

/** A range and what stands before its bytes. */
interface Part {
  range: ByteRange;
  head: Uint8Array<ArrayBuffer>;
}

function partHead(source: ByterangesSource, range: ByteRange, boundary: string, index: number) {
  // The line break before a boundary belongs to it (RFC 2046 §5.1.1); the first boundary has nothing before it.
  return encoder.encode(
    `${index === 0 ? "" : "\r\n"}--${boundary}\r\n` +
      `Content-Type: ${source.contentType}\r\n` +
      `Content-Range: bytes ${range.first}-${range.last}/${source.size}\r\n\r\n`,
  );
}

/** Reads part after part, each only when it is requested. */
class PartsReader implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #parts: Part[];
  readonly #tail: Uint8Array<ArrayBuffer>;
  readonly #open: ByterangesSource["open"];
  #next = 0;
  /** Reader of the current part, with the bytes that remain. */
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #left = 0;
  #cancelled = false;

  constructor(parts: Part[], tail: Uint8Array<ArrayBuffer>, open: ByterangesSource["open"]) {
    this.#parts = parts;
    this.#tail = tail;
    this.#open = open;
  }

  /** Hands out one chunk or closes: a pull that did neither would not be called again. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    if (this.#reader === undefined) return await this.#begin(controller);
    const { value } = await this.#reader.read();
    if (this.#cancelled) return;
    if (value === undefined && this.#left === 0) return await this.#begin(controller);
    this.#left -= value?.length ?? 0;
    if (value === undefined || this.#left < 0) {
      const error = new Error(
        `Cannot send the range: its content is ${this.#left < 0 ? "longer" : "shorter"}`,
      );
      await this.#reader.cancel(error);
      throw error;
    }
    controller.enqueue(value);
  }

  async cancel(reason: unknown): Promise<void> {
    this.#cancelled = true;
    await this.#reader?.cancel(reason);
  }

  /** Begins the next part, or ends the body after the last one. */
  async #begin(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const part = this.#parts[this.#next++];
    if (part === undefined) {
      controller.enqueue(this.#tail);
      controller.close();
      return;
    }
    const content = await this.#open(part.range);
    if (this.#cancelled) return await content.cancel();
    this.#reader = content.getReader();
    this.#left = rangeLength(part.range);
    controller.enqueue(part.head);
  }
}
