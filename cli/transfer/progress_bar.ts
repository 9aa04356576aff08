/** Part of a terminal that a bar needs. */
export interface Terminal {
  /** True if the output is a terminal. */
  isTerminal(): boolean;
  /** Writes at once. */
  writeSync(bytes: Uint8Array): number;
}

/** Characters of the whole bar. */
const WIDTH_COLUMNS = 30;

/** Minimum milliseconds between two updates. */
const MIN_INTERVAL_MS = 100;

/** Progress bar on a terminal; writes nothing elsewhere. */
export class ProgressBar implements Disposable {
  readonly #label: string;
  readonly #total: number;
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #done = 0;
  #shownAt = -Infinity;

  /** Bar with a label, for a total of bytes or items. */
  constructor(
    label: string,
    total: number,
    terminal: Terminal = Deno.stderr,
    now: () => number = () => performance.now(),
  ) {
    this.#label = label;
    this.#total = total;
    this.#terminal = terminal;
    this.#now = now;
  }

  /** Adds `done` to the progress. */
  add(done: number): void {
    this.#done += done;
    if (!this.#terminal.isTerminal() || this.#now() - this.#shownAt < MIN_INTERVAL_MS) return;
    this.#shownAt = this.#now();
    const part = this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
    const bar = "#".repeat(Math.round(part * WIDTH_COLUMNS)).padEnd(WIDTH_COLUMNS, ".");
    this.#write(`\r${this.#label} [${bar}] ${String(Math.floor(part * 100)).padStart(3)} %`);
  }

  /** Erases the bar, so that other output can use the line. */
  clear(): void {
    if (this.#shownAt === -Infinity) return;
    this.#write("\r\x1b[K");
    this.#shownAt = -Infinity;
  }

  /** {@linkcode ProgressBar.clear}. */
  [Symbol.dispose](): void {
    this.clear();
  }

  #write(text: string): void {
    this.#terminal.writeSync(new TextEncoder().encode(text));
  }
}
