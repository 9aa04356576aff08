/** Most bytes that a pool keeps for later. */
const MOST_KEPT = 32 * 1024 * 1024;

/**
 * Buffers of one size that are used again and again. The collector of garbage would come too late: parts that upload
 * after upload leaves behind are most of a busy process's memory.
 */
export class BufferPool {
  /** Bytes of each buffer. */
  readonly size: number;
  readonly #free: ArrayBuffer[] = [];

  /** A pool of buffers of `size` bytes. */
  constructor(size: number) {
    this.size = size;
  }

  /** A buffer with anything in it, for the caller alone until it is given back. */
  take(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(this.size));
  }

  /** Gives back what was taken, or a view of it; of other buffers it takes none. Nobody may use it any more. */
  give({ buffer }: Uint8Array<ArrayBuffer>): void {
    const most = Math.max(1, Math.floor(MOST_KEPT / this.size));
    if (buffer.byteLength === this.size && this.#free.length < most) this.#free.push(buffer);
  }
}
