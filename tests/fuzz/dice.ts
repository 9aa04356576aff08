import { seeded } from "../random.ts";

/** Choices that depend on a seed alone. */
export class Dice {
  readonly #random: (n: number) => number;

  /** The choices of one request of a run. */
  constructor(seed: number, index: number) {
    this.#random = seeded((seed ^ Math.imul(index + 1, 0x9e3779b1)) | 0);
    this.#random(1); // seeds that differ little give first numbers that do
  }

  /** A whole number from 0 to `n` - 1. */
  below(n: number): number {
    return this.#random(n);
  }

  /** True if something happens that does in `percent` of all cases. */
  chance(percent: number): boolean {
    return this.#random(100) < percent;
  }

  /** Any of these, which are not none. */
  pick<T>(items: readonly T[]): T {
    return items[this.#random(items.length)]!;
  }

  /** `count` characters out of these. */
  text(characters: string, count: number): string {
    return Array.from({ length: count }, () => characters[this.#random(characters.length)]).join("");
  }

  /** A length that is mostly short and now and then far beyond every limit. */
  length(): number {
    return this.chance(95)
      ? this.below(40)
      : this.pick([127, 128, 129, 255, 256, 257, 1024, 5000, 20_000, 70_000]);
  }

  /** A text with something put in, taken out, repeated or turned around at some place. */
  mutate(text: string, tokens: readonly string[]): string {
    const [at, to] = [this.below(text.length + 1), this.below(text.length + 1)].toSorted((a, b) => a - b) as [
      number,
      number,
    ];
    const piece = text.slice(at, to);
    switch (this.below(7)) {
      case 0:
        return text.slice(0, at) + text.slice(to);
      case 1:
        return text.slice(0, to) + piece + text.slice(to);
      case 2:
        return text.slice(0, at) + (this.chance(50) ? piece.toUpperCase() : [...piece].reverse().join("")) +
          text.slice(to);
      case 3:
        return text.slice(0, at) + this.pick(tokens) + text.slice(to);
      default:
        return text.slice(0, at) + this.pick(tokens) + text.slice(at);
    }
  }
}
