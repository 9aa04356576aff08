/** Lets a few calls through at once, in their order. */
export class Turns {
  readonly #waiting: { width: () => number; admit: () => void }[] = [];
  #taken = 0;

  /** Waits until fewer than `width()` calls are under way. The width may change meanwhile. */
  async take(width: () => number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ width, admit: resolve });
    this.#admit();
    await promise;
  }

  /** Ends a call. */
  leave(): void {
    this.#taken--;
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#taken >= next.width()) return;
      this.#waiting.shift();
      this.#taken++;
      next.admit();
    }
  }
}
