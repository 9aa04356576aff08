import type { PurgeItem } from "../items/mod.ts";

/** Maximum purges in memory. Further ones are made when they are due. */
const MAX_SETTLED = 10_000;

/** Purges of this process whose changes have taken effect, in their order. */
export class SettledPurges {
  readonly #purges: PurgeItem[] = [];
  /** Called when there are new ones. */
  onAdd: () => void = () => {};

  /** Adds purges. */
  add(purges: PurgeItem[]): void {
    this.#purges.push(...purges.slice(0, Math.max(0, MAX_SETTLED - this.#purges.length)));
    this.onAdd();
  }

  /** The first ones, at most `most`. They stay. */
  first(most: number): PurgeItem[] {
    return this.#purges.slice(0, most);
  }

  /** Removes the first ones. */
  drop(count: number): void {
    this.#purges.splice(0, count);
  }
}
