/** Below this, in milliseconds, nobody is made to wait: timers are not so exact. */
const SLACK = 20;

/** Bounds how much is read in a second. */
export class Pace {
  readonly #rate: number;
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  /** When what was taken so far may have been read. */
  #due = 0;

  /** `rate` bytes a second, by the clock `now`, in milliseconds. */
  constructor(rate: number, now: () => number, sleep: (milliseconds: number) => Promise<void>) {
    this.#rate = rate;
    this.#now = now;
    this.#sleep = sleep;
  }

  /** Comes back when so many bytes more may have been read. Time that nobody has used is not made up for. */
  async take(bytes: number): Promise<void> {
    const now = this.#now();
    this.#due = Math.max(this.#due, now) + bytes / this.#rate * 1000;
    const wait = this.#due - now;
    if (wait > SLACK) await this.#sleep(wait);
  }
}
