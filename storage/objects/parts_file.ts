import { SharedSync } from "./shared_sync.ts";

/**
 * File that collects the parts of one object. All parts have the same size, so each part is written at its final
 * offset. With the last part the file is the object.
 *
 * The file is locked while it is open, and each offset is written once. A second write of a part, or a write while
 * another process has the file open, finds the offset taken. So a process cannot change bytes that another process has
 * acknowledged.
 */
export class PartsFile implements Disposable {
  readonly #file: Deno.FsFile;
  /** Second handle, because the runtime runs the operations of one handle one after the other. */
  readonly #syncing: Deno.FsFile;
  readonly #partSize: number;
  /** Up to here, places were taken before the file was opened. */
  readonly #takenUntil: number;
  readonly #taken = new Set<number>();
  readonly #sync: SharedSync;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(file: Deno.FsFile, syncing: Deno.FsFile, partSize: number, takenUntil: number) {
    this.#file = file;
    this.#syncing = syncing;
    this.#partSize = partSize;
    this.#takenUntil = takenUntil;
    this.#sync = new SharedSync(() => syncing.syncData());
  }

  /**
   * Opens the file at `path`; `undefined` if it does not (or no longer) exist. Synchronous: almost every part needs it,
   * and an asynchronous call costs a tenth of writing a part.
   *
   * If another process has the file open, it opens with every place taken.
   */
  static open(path: string, partSize: number): PartsFile | undefined {
    using handles = new DisposableStack();
    try {
      const file = handles.use(Deno.openSync(path, { read: true, write: true }));
      const isOurs = file.tryLockSync(true);
      // Opened after the lock is held: if another process has made the file the object meanwhile, the path no longer
      // exists.
      const syncing = handles.use(Deno.openSync(path, { write: true }));
      const partsFile = new PartsFile(file, syncing, partSize, isOurs ? file.statSync().size : Infinity);
      handles.move();
      return partsFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** True if no other process has the file open. */
  get isOurs(): boolean {
    return this.#takenUntil !== Infinity;
  }

  /** Takes the place of a part. Returns true if it was free. */
  take(number: number): boolean {
    const isFree = (number - 1) * this.#partSize >= this.#takenUntil && !this.#taken.has(number);
    if (isFree) this.#taken.add(number);
    return isFree;
  }

  /** Writes a part to its place; durable after {@linkcode PartsFile.sync}. */
  write(number: number, bytes: Uint8Array): Promise<void> {
    // One after the other: writes share the position in the file.
    const written = this.#lastWrite.then(async () => {
      this.#file.seekSync((number - 1) * this.#partSize, Deno.SeekMode.Start);
      await writeAll(this.#file, bytes);
    });
    this.#lastWrite = written.catch(() => {});
    return written;
  }

  /** Syncs everything that was written before the call. */
  sync(): Promise<void> {
    return this.#sync.run();
  }

  /** Truncates the file to `size` bytes; throws if it is shorter. */
  async cut(size: number): Promise<void> {
    const stat = await this.#file.stat();
    if (stat.size < size) {
      throw new Error(`Cannot complete an object of ${size} bytes: the file has ${stat.size}`);
    }
    if (stat.size > size) await this.#file.truncate(size);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#syncing.close();
    this.#file.close();
  }
}

/** Maximum bytes of one write: for larger writes Linux allocates new cache memory, at two to three times the cost. */
const MAX_WRITE_BYTES = 256 * 1024;

/** Writes all of the bytes: the system may take fewer at a time. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at, at + MAX_WRITE_BYTES));
}
