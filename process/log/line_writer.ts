import { TextBuffer } from "./text_buffer.ts";

/** Destination of lines, such as `Deno.stdout`. */
export interface Output {
  /** Writes some of the bytes. Returns their number. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of {@linkcode LineWriter}: delay and memory against speed. */
export interface LineWriterOptions {
  /** Milliseconds in which lines are collected before they are written. */
  delay?: number;
  /** Bytes that are collected before they are written without waiting for the delay. */
  batch?: number;
  /** Bytes that may wait for a reader that does not keep up; lines beyond are dropped, and counted. */
  backlog?: number;
  /** Bytes of kept lines that may wait before the writer refuses to keep more. */
  keep?: number;
  /** Milliseconds after which an output that has failed is tried again. */
  retry?: number;
  /** Called once when kept lines cannot be written, and once when they can again. */
  trouble?: (message: string) => void;
}

const NEWLINE = new TextEncoder().encode("\n");

/** Characters that are encoded together: a long text of many lines is slow to put together, and keeps all of them. */
const PIECE_CHARACTERS = 4096;

/**
 * Maximum waiting bytes, in multiples of {@linkcode LineWriterOptions.keep}, with lines that were in progress when it
 * was full.
 */
const MAX_KEPT_FACTOR = 8;

/**
 * Writes lines in batches, since a system call for each would cost more than many a request. No request waits for a slow
 * reader of the output, and nothing grows because of one: lines are dropped.
 *
 * Lines that must not be lost are kept in a queue of their own, which is written first, and again after a failure. The
 * caller has to add none while {@linkcode LineWriter.isKeeping} is false.
 */
export class LineWriter {
  readonly #output: Output;
  readonly #dropNote: (count: number) => string;
  readonly #options: Required<LineWriterOptions>;
  readonly #encoder = new TextEncoder();
  /** Kept lines, without the written beginning of the first one. */
  #kept: Uint8Array[] = [];
  /** Bytes of them. */
  #keptSize = 0;
  /** Kept lines for which there was no room. */
  #lost = 0;
  /** The error that keeps lines from being written. */
  #trouble: "failed" | "full" | undefined;
  /** True if the output may have ended within a line. */
  #isTorn = false;
  /** Lines that are not encoded yet. */
  #text = "";
  readonly #encoded = new TextBuffer();
  #dropped = 0;
  /** True if a line must not wait for more lines. */
  #urgent = false;
  #lastStart = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;

  /** Lines for `output`. If some were dropped, `dropNote` creates the line that reports it. */
  constructor(output: Output, dropNote: (count: number) => string, options: LineWriterOptions = {}) {
    this.#output = output;
    this.#dropNote = dropNote;
    this.#options = {
      delay: 100,
      batch: 262_144,
      backlog: 1_048_576,
      keep: 8 * 1_048_576,
      retry: 1000,
      trouble: () => {},
      ...options,
    };
  }

  /** Takes a line without its end; `now` for one that should not wait for others. */
  write(line: string, now = false): void {
    if (this.#encoded.size >= this.#options.backlog) {
      this.#dropped++;
      return;
    }
    this.#text += line + "\n";
    if (this.#text.length >= PIECE_CHARACTERS) this.#encode();
    this.#urgent ||= now;
    if (now || this.#encoded.size >= this.#options.batch) this.#start();
    else if (this.#timer === undefined) this.#startSoon();
  }

  /** False while kept lines pile up or the output fails. */
  get isKeeping(): boolean {
    return this.#trouble === undefined;
  }

  /** Takes a line without its end, which is not dropped for a slow reader and not lost with an output that fails. */
  keep(line: string): void {
    const bytes = this.#encoder.encode(`${line}\n`);
    if (this.#keptSize + bytes.length > MAX_KEPT_FACTOR * this.#options.keep) {
      if (this.#lost++ === 0) this.#options.trouble("Audit log lines are lost: the queue is full");
      return;
    }
    this.#kept.push(bytes);
    this.#keptSize += bytes.length;
    if (this.#keptSize > this.#options.keep) this.#setTrouble("full", "its reader does not keep up");
    if (this.#trouble !== "failed") this.#start();
  }

  /** Settles when all that was taken so far is written, or the output has failed. */
  async flush(): Promise<void> {
    this.#urgent = true;
    this.#start();
    await this.#writing;
  }

  /** Writes a line after a pause at once, and collects the lines that follow it closely. */
  #startSoon(): void {
    const now = performance.now();
    if (now - this.#lastStart >= this.#options.delay) {
      this.#lastStart = now;
      this.#start();
    } else {
      this.#startIn(this.#options.delay);
    }
  }

  #start(): void {
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
      const isEmpty = this.#text === "" && this.#encoded.size === 0 && this.#dropped === 0 &&
        this.#keptSize === 0;
      if (isEmpty || this.#timer !== undefined) return;
      if (this.#trouble === "failed") this.#startIn(this.#options.retry);
      else this.#startSoon();
    });
  }

  async #drain(): Promise<void> {
    try {
      // Not until nothing is left: what came during one write is soon little, and each write costs as much as many lines.
      do {
        if (this.#keptSize > 0) await this.#writeKept();
        for (let bytes = this.#take(); bytes.length > 0;) {
          bytes = bytes.subarray(await this.#output.write(bytes));
        }
      } while (
        this.#urgent || this.#dropped > 0 || this.#keptSize > 0 || this.#encoded.size >= this.#options.batch
      );
    } catch (error) {
      // The reader is gone: collected lines are lost, kept ones wait, and the registry continues to serve.
      this.#isTorn = true;
      if (this.#keptSize > 0) this.#setTrouble("failed", (error as Error).message);
    }
  }

  /** Kept lines, each until the output has taken it. */
  async #writeKept(): Promise<void> {
    while (this.#keptSize > 0) {
      // After a failure they begin a line of their own.
      if (this.#isTorn && this.#kept[0]![0] !== NEWLINE[0]) {
        this.#kept.unshift(NEWLINE);
        this.#keptSize += NEWLINE.length;
      }
      this.#isTorn = false;
      const bytes = concat(this.#kept, this.#keptSize);
      this.#kept = [bytes];
      const count = await this.#output.write(bytes);
      this.#keptSize -= count;
      // Others may have come behind it meanwhile.
      this.#kept[0] = bytes.subarray(count);
    }
    this.#kept = [];
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    const lost = this.#lost === 0 ? "" : `; ${this.#lost} lines were lost`;
    this.#lost = 0;
    this.#options.trouble(`The audit log works again: changes are accepted${lost}`);
  }

  #setTrouble(kind: "failed" | "full", reason: string): void {
    if (this.#trouble === undefined) {
      this.#options.trouble(`Cannot write the audit log: ${reason}. Changes are refused until it is written`);
    }
    this.#trouble = kind;
  }

  #startIn(delay: number): void {
    this.#timer = setTimeout(() => {
      this.#lastStart = performance.now();
      this.#start();
    }, delay);
  }

  #take(): Uint8Array {
    // The first call of a process loads the timers, which takes 5 ms.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#urgent = false;
    if (this.#dropped > 0) this.#text += this.#dropNote(this.#dropped) + "\n";
    this.#dropped = 0;
    this.#encode();
    const bytes = this.#encoded.take();
    if (!this.#isTorn || bytes.length === 0) return bytes;
    this.#isTorn = false;
    return concat([NEWLINE, bytes], NEWLINE.length + bytes.length);
  }

  #encode(): void {
    this.#encoded.append(this.#text);
    this.#text = "";
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
