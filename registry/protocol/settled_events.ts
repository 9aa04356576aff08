import type { Intent } from "./event_intents.ts";

/** Maximum intents in memory. The processes find further ones in the table. */
const MAX_SETTLED = 10_000;

/** Intents of this process whose changes are over. */
export class SettledEvents {
  #settled: Intent[] = [];
  /** Called when there are new ones. */
  onAdd: () => void = () => {};

  /** Adds intents. */
  add(intents: Intent[]): void {
    this.restore(intents);
    this.onAdd();
  }

  /** Takes all of them. */
  take(): Intent[] {
    const intents = this.#settled;
    this.#settled = [];
    return intents;
  }

  /** Adds those back that were taken and are still in the table. */
  restore(intents: Intent[]): void {
    this.#settled.push(...intents.slice(0, Math.max(0, MAX_SETTLED - this.#settled.length)));
  }

  /** True if there are none. */
  get isEmpty(): boolean {
    return this.#settled.length === 0;
  }
}
