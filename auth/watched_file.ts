/** Options of {@linkcode WatchedFile}. */
export interface WatchedFileOptions {
  /** Called once for each change that cannot be used. */
  failed: (error: unknown) => void;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Thrown for a file that can't be read; says which one and why. */
export class FileError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "FileError";
}

/** Milliseconds between two checks of the file. */
const CHECK_INTERVAL_MS = 1000;

/** Milliseconds after a change in which another one may leave the same time on the file. */
const TIMESTAMP_PRECISION_MS = 2000;

/** Bytes of the largest file. */
const MAX_FILE_BYTES = 16 * 2 ** 20;

/** Parsed content of a file that may be changed or replaced at any time. An invalid change is ignored. */
export class WatchedFile<Content> {
  readonly #path: string;
  readonly #parse: (text: string) => Content;
  readonly #options: Required<WatchedFileOptions>;
  #content: Content;
  #seen: string;
  #lookedAt: number;
  #looking: Promise<void> | undefined;
  #complaint: string | undefined;

  private constructor(
    path: string,
    parse: (text: string) => Content,
    options: Required<WatchedFileOptions>,
    { text, fingerprint }: Reading,
  ) {
    this.#path = path;
    this.#parse = parse;
    this.#options = options;
    this.#content = parse(text);
    this.#seen = fingerprint;
    this.#lookedAt = options.now();
  }

  /**
   * Opens the file at this path. Throws what `parse` throws.
   *
   * @throws {FileError} if it cannot be read.
   */
  static async open<Content>(
    path: string,
    parse: (text: string) => Content,
    { failed, now = Date.now }: WatchedFileOptions,
  ): Promise<WatchedFile<Content>> {
    return new WatchedFile(path, parse, { failed, now }, await read(path, now));
  }

  /** Content, at most one second old. If the file is invalid, its last valid content. */
  async current(): Promise<Content> {
    const now = this.#options.now();
    // A clock that was set back must not stop it.
    if (Math.abs(now - this.#lookedAt) >= CHECK_INTERVAL_MS) {
      this.#lookedAt = now;
      this.#looking = this.#look();
    }
    await this.#looking;
    return this.#content;
  }

  async #look(): Promise<void> {
    try {
      const reading = await read(this.#path, this.#options.now, this.#seen);
      if (reading === undefined) return;
      this.#content = this.#parse(reading.text);
      this.#seen = reading.fingerprint;
      this.#complaint = undefined;
    } catch (error) {
      const complaint = (error as Error).message;
      if (complaint !== this.#complaint) this.#options.failed(error);
      this.#complaint = complaint;
    }
  }
}

interface Reading {
  text: string;
  /** Fingerprint of the file; empty if it may change again without a new fingerprint. */
  fingerprint: string;
}

async function read(path: string, now: () => number): Promise<Reading>;
async function read(path: string, now: () => number, seen: string): Promise<Reading | undefined>;
async function read(path: string, now: () => number, seen?: string): Promise<Reading | undefined> {
  try {
    using file = await Deno.open(path);
    const { mtime, size, ino, dev } = await file.stat();
    const changedAt = mtime?.getTime() ?? Infinity;
    const fingerprint = changedAt + TIMESTAMP_PRECISION_MS < now()
      ? `${changedAt} ${size} ${dev} ${ino}`
      : "";
    if (fingerprint !== "" && fingerprint === seen) return undefined;
    if (size > MAX_FILE_BYTES) throw new RangeError(`it is larger than ${MAX_FILE_BYTES} bytes`);
    return { text: await new Response(file.readable).text(), fingerprint };
  } catch (error) {
    const reason = (error as Error).message.replace(/ \(os error.*$/s, "");
    throw new FileError(`Cannot read "${path}": ${reason}`, { cause: error });
  }
}
