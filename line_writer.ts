/** Where lines go; `Deno.stdout` is one. */
export interface Output {
  /** Takes some of the bytes, and answers how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** How {@linkcode LineWriter} trades delay and memory for speed. */
export interface LineWriterOptions {
  /** Milliseconds in which lines are collected before they are written. */
  delay?: number;
  /** Bytes that are collected before they are written without waiting for the delay. */
  batch?: number;
  /** Bytes that may wait for a reader that does not keep up; lines beyond are dropped, and counted. */
  backlog?: number;
}

/** Characters that are encoded together: a long text of many pieces is slow to put together, and keeps all of them. */
const PIECE = 4096;

/**
 * Writes lines in batches, since a system call for each would cost more than many a request. Nobody waits for a slow
 * reader of the output, and nothing grows because of one.
 */
export class LineWriter {
  readonly #output: Output;
  readonly #dropNote: (count: number) => string;
  readonly #options: Required<LineWriterOptions>;
  readonly #encoder = new TextEncoder();
  #text = "";
  #pieces: Uint8Array[] = [];
  /** Bytes of the pieces. */
  #size = 0;
  #dropped = 0;
  /** Whether something among the lines should not wait for others. */
  #urgent = false;
  #lastStart = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;

  /** Lines for `output`; where some had to be dropped, `dropNote` makes the line that says so. */
  constructor(output: Output, dropNote: (count: number) => string, options: LineWriterOptions = {}) {
    this.#output = output;
    this.#dropNote = dropNote;
    this.#options = { delay: 100, batch: 65_536, backlog: 1_048_576, ...options };
  }

  /** Takes a line without its end; `now` for one that should not wait for others. */
  write(line: string, now = false): void {
    if (this.#size >= this.#options.backlog) {
      this.#dropped++;
      return;
    }
    this.#text += line + "\n";
    if (this.#text.length >= PIECE) this.#encode();
    this.#urgent ||= now;
    if (now || this.#size >= this.#options.batch) this.#start();
    else if (this.#timer === undefined) this.#startSoon();
  }

  /** Settles when all that was taken so far is written, or nobody reads any more. */
  async flush(): Promise<void> {
    this.#urgent = true;
    this.#start();
    await this.#writing;
  }

  /** A line after a pause is written at once; those that follow it closely are collected. */
  #startSoon(): void {
    const now = performance.now();
    if (now - this.#lastStart >= this.#options.delay) {
      this.#lastStart = now;
      this.#start();
    } else {
      this.#timer = setTimeout(() => {
        this.#lastStart = performance.now();
        this.#start();
      }, this.#options.delay);
    }
  }

  #start(): void {
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
      const isEmpty = this.#text === "" && this.#size === 0 && this.#dropped === 0;
      if (!isEmpty && this.#timer === undefined) this.#startSoon();
    });
  }

  async #drain(): Promise<void> {
    try {
      // Not until nothing is left: what came during one write is soon little, and each write costs as much as many lines.
      do {
        for (let bytes = this.#take(); bytes.length > 0;) {
          bytes = bytes.subarray(await this.#output.write(bytes));
        }
      } while (this.#urgent || this.#dropped > 0 || this.#size >= this.#options.batch);
    } catch {
      // Nobody reads any more: the lines are lost, and the registry goes on.
    }
  }

  #take(): Uint8Array {
    // The first call of a process loads the timers, which takes 5 ms.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#urgent = false;
    if (this.#dropped > 0) this.#text += this.#dropNote(this.#dropped) + "\n";
    this.#dropped = 0;
    this.#encode();
    const bytes = concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    return bytes;
  }

  #encode(): void {
    const piece = this.#encoder.encode(this.#text);
    this.#text = "";
    this.#pieces.push(piece);
    this.#size += piece.length;
  }
}

function concat(pieces: Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
