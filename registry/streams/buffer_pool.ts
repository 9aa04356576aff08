import { observer } from "../../telemetry/observer.ts";

/** Longest wait for a buffer, in milliseconds, before a slow filler must give its buffer back. */
const PATIENCE_MS = 1000;

/** Owner of a buffer that is being filled. */
export interface Filler {
  /**
   * Other requests wait: if the buffer cannot be filled at once, its bytes should go elsewhere and the buffer should be
   * returned.
   */
  yield(): void;
}

/**
 * Fixed number of buffers of one size, reused: JavaScript's garbage collection would free them too late, and parts are
 * most of a busy process's memory. A caller that waits for a buffer must not hold one that is still being filled.
 */
export class BufferPool {
  /** Bytes of each buffer. */
  readonly size: number;
  readonly #patience: number;
  readonly #kept: ArrayBuffer[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Owners of buffers that are being filled, with their start, the longest first. */
  readonly #filling = new Map<Filler, number>();
  #free: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Creates a pool of `buffers` buffers of `size` bytes; `patience` in milliseconds. */
  constructor(size: number, buffers: number, { patience = PATIENCE_MS }: { patience?: number } = {}) {
    this.size = size;
    this.#free = buffers;
    this.#patience = patience;
    observer?.watch("skerry.upload.buffers.used", () => buffers - this.#free);
    observer?.watch("skerry.upload.buffers.limit", () => buffers);
    observer?.watch("skerry.upload.buffers.waiting", () => this.#waiting.length);
    observer?.watch("skerry.upload.memory.used", () => (buffers - this.#free) * size);
    observer?.watch("skerry.upload.memory.limit", () => buffers * size);
  }

  /** A buffer with anything in it, for `filler` alone until it is given back; as soon as there is one. */
  async take(filler: Filler): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#free > 0 && this.#waiting.length === 0) this.#free--;
    else {
      const since = performance.now();
      await this.#turn();
      observer?.waited("upload-buffer", performance.now() - since);
    }
    this.#filling.set(filler, performance.now());
    return new Uint8Array(this.#kept.pop() ?? new ArrayBuffer(this.size));
  }

  /** The filler's buffer is full or is being returned, so it must not be asked to yield. */
  filled(filler: Filler): void {
    this.#filling.delete(filler);
  }

  /**
   * Returns a buffer of {@linkcode take}, or a view of it; ignores other buffers. The caller must not use it any more,
   * unless `reusable` is false.
   */
  give({ buffer }: Uint8Array<ArrayBuffer>, reusable = true): void {
    if (buffer.byteLength !== this.size) return;
    if (reusable) this.#kept.push(buffer);
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
    if (this.#waiting.length === 0) this.#stopTimer();
  }

  /** Returns the buffer of these bytes after `use`. */
  async spend<T>(bytes: Uint8Array<ArrayBuffer>, use: () => Promise<T>): Promise<T> {
    let reusable = false;
    try {
      const result = await use();
      reusable = true;
      return result;
    } finally {
      // After a failure the store may still read from the buffer.
      this.give(bytes, reusable);
    }
  }

  #turn(): Promise<void> {
    this.#timer ??= setTimeout(() => this.#press(), this.#patience);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Asks one owner for each waiting caller to yield, among those that have had their buffers long enough. */
  #press(): void {
    const latest = performance.now() - this.#patience;
    const slow = [...this.#filling].filter(([, since]) => since <= latest).slice(0, this.#waiting.length);
    for (const [filler] of slow) filler.yield();
    this.#timer = this.#waiting.length === 0 ? undefined : setTimeout(() => this.#press(), this.#patience);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
