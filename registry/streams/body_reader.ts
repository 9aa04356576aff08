import { RegistryError, unavailable } from "../../oci/mod.ts";
import type { ByteStream } from "../registry.ts";

/** Bytes of one read of a body of known length, at most; more are no cheaper. */
const MAX_READ_BYTES = 64 * 1024;

/**
 * Bytes of one read of a body in chunked transfer coding. Before every read, Deno 2.9.6 fetches as much as the largest
 * read on the connection requested, but returns at most one chunk of the coding. The rest accumulates without a limit
 * and is moved to the front each time. Clients send chunks of 4 KiB, 32 KiB and other powers of two; a power of two
 * with some room for the framing balances with all of them.
 */
const CHUNKED_READ_BYTES = 8 * 1024 + 16;

/** Options of {@linkcode BodyReader}. */
export interface BodyReaderOptions {
  /** Milliseconds that one read may take. */
  idle: number;
  /** Bytes of the body, if known. */
  length?: number | undefined;
  /** Ends the body when it is aborted. */
  stop?: AbortSignal | undefined;
}

/**
 * Reads the body of a request into one reused buffer. Fails if one read takes longer than `idle` milliseconds, because
 * Deno waits for a silent client without limit. Time between reads does not count.
 *
 * Does not touch the stream before the first read, so that an unwanted body can still be cancelled.
 */
export class BodyReader {
  readonly #stream: ByteStream;
  readonly #idle: number;
  #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  /** Bytes of the buffer that the body is read into. */
  readonly bufferSize: number;
  /** Absent until the first read: requests that wait for room should take none. */
  #buffer: ArrayBuffer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pendingSince: number | undefined;
  #givenUp: RegistryError | undefined;
  readonly #stop: AbortSignal | undefined;
  readonly #onStop = () => this.giveUp(unavailable("The registry is shutting down"));

  /** A reader of `stream`, which nothing else may read. */
  constructor(stream: ByteStream, { idle, length = CHUNKED_READ_BYTES, stop }: BodyReaderOptions) {
    this.#stream = stream;
    this.#idle = idle;
    this.#stop = stop;
    this.bufferSize = Math.max(1, Math.min(length, MAX_READ_BYTES));
  }

  /**
   * The next bytes, which are the caller's until the next read; `undefined` at the end.
   *
   * @throws {RegistryError} if the client stalls (408) or breaks off (400), or the process stops (503).
   */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#timer === undefined) this.#stop?.addEventListener("abort", this.#onStop);
    if (this.#stop?.aborted) {
      await this.cancel();
      throw unavailable("The registry is shutting down");
    }
    this.#timer ??= setTimeout(() => this.#watch(), this.#idle);
    this.#pendingSince = performance.now();
    try {
      const reader = this.#reader ??= readerOf(this.#stream);
      const intoOurs = reader instanceof ReadableStreamBYOBReader;
      const { done, value } = await (intoOurs ? this.#readInto(reader) : reader.read());
      // The buffer was handed over, and its memory comes back as another one.
      if (intoOurs && value !== undefined) this.#buffer = value.buffer;
      if (this.#givenUp !== undefined) throw this.#givenUp;
      this.#pendingSince = undefined;
      if (done) this.#release();
      return done ? undefined : value;
    } catch (error) {
      this.#release();
      throw this.#givenUp ?? bodyError(400, "The request body ended early", error);
    }
  }

  #readInto(reader: ReadableStreamBYOBReader): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> {
    return reader.read(new Uint8Array(this.#buffer ?? new ArrayBuffer(this.bufferSize)));
  }

  /** Ends the body: the read that is pending, or the next one, throws the reason. */
  giveUp(reason: RegistryError): void {
    this.#givenUp ??= reason;
    this.#reader?.cancel(reason).catch(() => {}); // ends the pending read
  }

  /** Cancels the unread rest. */
  async cancel(): Promise<void> {
    this.#release();
    try {
      await (this.#reader ?? this.#stream).cancel();
    } catch {
      // The client has disconnected: nothing remains to cancel.
    }
  }

  /** One timer that checks for a pending read costs less than a timer for each read. */
  #watch(): void {
    const waited = this.#pendingSince === undefined ? 0 : performance.now() - this.#pendingSince;
    if (waited < this.#idle) {
      this.#timer = setTimeout(() => this.#watch(), this.#idle - waited);
      return;
    }
    this.giveUp(bodyError(408, "The request body stalled"));
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#stop?.removeEventListener("abort", this.#onStop);
  }
}

/** A reader into our buffer, unless the stream is one that JavaScript made and can only hand out its own chunks. */
export function readerOf(stream: ByteStream) {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return stream.getReader();
  }
}

function bodyError(status: number, message: string, cause?: unknown): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", message, { status, cause });
}
