/** Shortest pause, in milliseconds: timers are no more precise. */
const MIN_PAUSE_MS = 20;

/** Bounds how much is read in a second. */
export class Pace {
  readonly #rate: number;
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  /** Time at which the bytes taken so far may have been read. */
  #due = 0;

  /** `rate` bytes a second, by the clock `now`, in milliseconds. */
  constructor(rate: number, now: () => number, sleep: (milliseconds: number) => Promise<void>) {
    this.#rate = rate;
    this.#now = now;
    this.#sleep = sleep;
  }

  /** Waits until `bytes` more may be read. Unused time is not saved up. */
  async take(bytes: number): Promise<void> {
    const now = this.#now();
    this.#due = Math.max(this.#due, now) + bytes / this.#rate * 1000;
    const wait = this.#due - now;
    if (wait > MIN_PAUSE_MS) await this.#sleep(wait);
  }
}
