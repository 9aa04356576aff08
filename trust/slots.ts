/** Limits how much work is under way at the same time. Work beyond the limit waits for its turn. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `count`: work at the same time. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Result of the work, which begins when there is a free slot. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The slot goes on to the next one without becoming free in between.
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
