/** What {@linkcode WatchedFile} takes. */
export interface WatchedFileOptions {
  /** Told once of a change that can't be used. */
  failed: (error: unknown) => void;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Milliseconds for which the file is not looked at again. */
const PERIOD = 5000;

/** Bytes of the largest file. */
const LARGEST = 1024 * 1024;

/** What a file says, which may change or be replaced at any time. What can't be used changes nothing. */
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
    { text, mark }: Reading,
  ) {
    this.#path = path;
    this.#parse = parse;
    this.#options = options;
    this.#content = parse(text);
    this.#seen = mark;
    this.#lookedAt = options.now();
  }

  /** The file under this path; throws what reading it does, and what `parse` does. */
  static async open<Content>(
    path: string,
    parse: (text: string) => Content,
    options: WatchedFileOptions,
  ): Promise<WatchedFile<Content>> {
    return new WatchedFile(path, parse, { now: Date.now, ...options }, await read(path));
  }

  /** What it says, or has said within the last seconds; where it can't be used, what it said before. */
  async content(): Promise<Content> {
    const now = this.#options.now();
    // A clock that was set back must not stop it.
    if (Math.abs(now - this.#lookedAt) >= PERIOD) {
      this.#lookedAt = now;
      this.#looking = this.#look();
    }
    await this.#looking;
    return this.#content;
  }

  async #look(): Promise<void> {
    try {
      if (markOf(await Deno.stat(this.#path)) === this.#seen) return;
      const { text, mark } = await read(this.#path);
      this.#seen = mark;
      this.#content = this.#parse(text);
      this.#complaint = undefined;
    } catch (error) {
      const complaint = String(error);
      if (complaint !== this.#complaint) this.#options.failed(error);
      this.#complaint = complaint;
    }
  }
}

interface Reading {
  text: string;
  /** What the file looked like before it was read. */
  mark: string;
}

async function read(path: string): Promise<Reading> {
  using file = await Deno.open(path);
  const info = await file.stat();
  if (info.size > LARGEST) throw new RangeError(`Cannot use "${path}": it is larger than ${LARGEST} bytes`);
  return { text: await new Response(file.readable).text(), mark: markOf(info) };
}

function markOf({ mtime, size, ino, dev }: Deno.FileInfo): string {
  return `${mtime?.getTime()} ${size} ${dev} ${ino}`;
}
