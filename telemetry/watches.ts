import type { Reading } from "./meter.ts";

/** Readers of the values of one instrument, by the value of its label. */
export class Watches {
  readonly #readers = new Map<string, () => number | undefined>();

  /** Adds a reader, or replaces that of the same label. */
  set(label: string | undefined, read: () => number | undefined): void {
    this.#readers.set(label ?? "", read);
  }

  /** All present values. */
  read(): Reading[] {
    return [...this.#readers].flatMap(([label, read]) => {
      const value = read();
      return value === undefined ? [] : [{ labels: label === "" ? [] : [label], value }];
    });
  }
}
