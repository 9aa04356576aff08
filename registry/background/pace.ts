import type { Context } from "../protocol/mod.ts";

/** Maximum pause after a step, in durations of the step, without and with concurrent requests. */
const MAX_PAUSE_FACTOR = { idle: 0, busy: 15 };

/** Longest pause in milliseconds: a suspended machine or a clock that was set forward makes any step look long. */
const MAX_PAUSE_MS = 10_000;

/**
 * Milliseconds after the last request for which a process counts as busy: steps are shorter than the gaps between
 * requests.
 */
const BUSY_MS = 1000;

/**
 * Pace of background work. It gives way to requests, the less so the later the work is. Work at its maximum lateness
 * makes no pause at all, so no load can prevent it.
 */
export class Pace {
  readonly #context: Pick<Context, "now" | "sleep" | "asked">;
  #asked: number;
  #busyUntil: number;
  #began: number;
  readonly #least: number;

  /** The first step begins now. Beside requests a pause is at least `least` times as long as its step, however late. */
  constructor(context: Pick<Context, "now" | "sleep" | "asked">, least = 0) {
    this.#least = least;
    this.#context = context;
    this.#asked = context.asked.count;
    this.#began = context.now();
    this.#busyUntil = this.#asked > 0 ? this.#began + BUSY_MS : 0;
  }

  /** Pauses after a step. `lateness` is 0 for work that is in time, and 1 or more for work that is as late as it may be. */
  async pause(lateness: number): Promise<void> {
    const { now, sleep } = this.#context;
    const took = now() - this.#began;
    // At least a millisecond: requests that wait for the event loop come in between.
    await sleep(Math.min(MAX_PAUSE_MS, Math.max(1, this.factor(lateness) * took)));
    this.#began = now();
  }

  /** Length of a pause after work of this lateness, in durations of the work. */
  factor(lateness: number): number {
    const most = this.isBusy() ? MAX_PAUSE_FACTOR.busy : MAX_PAUSE_FACTOR.idle;
    return Math.max(Math.min(most, this.#least), most * Math.min(1, 1 - lateness));
  }

  /** True if there was a request a moment ago. */
  isBusy(): boolean {
    const { asked, now } = this.#context;
    if (asked.count > this.#asked) this.#busyUntil = now() + BUSY_MS;
    this.#asked = asked.count;
    return now() < this.#busyUntil;
  }
}
