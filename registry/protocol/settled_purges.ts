import type { PurgeItem } from "../items/mod.ts";

/** Maximum purges in memory. Further ones are made when they are due. */
const MAX_SETTLED = 10_000;

/** Purges of this process whose changes have taken effect, in their order. */
export class SettledPurges {
  readonly #settled: { purge: PurgeItem; at: number }[] = [];
  readonly #steady: () => number;
  /** Called when there are new ones. */
  onAdd: () => void = () => {};

  /** None yet; `steady` is a clock in milliseconds that is never set. */
  constructor(steady: () => number) {
    this.#steady = steady;
  }

  /** Adds purges. */
  add(purges: PurgeItem[]): void {
    const at = this.#steady();
    const room = Math.max(0, MAX_SETTLED - this.#settled.length);
    this.#settled.push(...purges.slice(0, room).map((purge) => ({ purge, at })));
    this.onAdd();
  }

  /** Number of those that were added at least so many milliseconds ago. */
  countOf(age: number): number {
    const latest = this.#steady() - age;
    const younger = this.#settled.findIndex(({ at }) => at > latest);
    return younger === -1 ? this.#settled.length : younger;
  }

  /** The first ones, at most `most`. They stay. */
  first(most: number): PurgeItem[] {
    return this.#settled.slice(0, most).map(({ purge }) => purge);
  }

  /** Removes the first ones. */
  drop(count: number): void {
    this.#settled.splice(0, count);
  }
}
