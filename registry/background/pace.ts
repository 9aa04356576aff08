import type { Context } from "../protocol/mod.ts";

/** Maximum pause after a step, in durations of the step, without and with concurrent requests. */
const MAX_PAUSE_FACTOR = { idle: 0, busy: 15 };

/**
 * Maximum calls at once over a network, without and with concurrent requests, for work that is on time. Few without
 * requests as well: the first request after a quiet moment meets them.
 */
const CALLS = { idle: 4, busy: 1 };

/** Longest pause in milliseconds: a suspended machine or a clock that was set forward makes any step look long. */
const MAX_PAUSE_MS = 10_000;

/**
 * Milliseconds after the last request for which a process counts as busy: steps are shorter than the gaps between
 * requests.
 */
const BUSY_MS = 1000;

/** Limits of background work at a moment. */
export interface Share {
  /** Length of the pause after a call, in durations of the call. */
  pause: number;
  /** Maximum calls in flight or followed by their pause. */
  calls: number;
}

/** Limits of work that is late. */
export interface LateLimits {
  /** Pauses beside requests are at least this many times as long as the work. */
  leastPause?: number;
  /** Maximum calls at once over a network, reached at the maximum lateness. */
  mostCalls?: number;
}

/**
 * Pace of background work. It gives way to requests, the less so the later the work is. Work at its maximum lateness
 * makes no pause at all, so no load can prevent it.
 */
export class Pace {
  readonly #context: Pick<Context, "now" | "sleep" | "asked">;
  #asked: number;
  #busyUntil: number;
  #began: number;
  readonly #leastPause: number;
  readonly #mostCalls: number;

  /** The first step begins now. */
  constructor(
    context: Pick<Context, "now" | "sleep" | "asked">,
    { leastPause = 0, mostCalls = 1 }: LateLimits = {},
  ) {
    this.#leastPause = leastPause;
    this.#mostCalls = mostCalls;
    this.#context = context;
    this.#asked = context.asked.count;
    this.#began = context.now();
    this.#busyUntil = this.#asked > 0 ? this.#began + BUSY_MS : 0;
  }

  /**
   * Pauses after a step. `lateness` is 0 for work that is in time, and 1 or more for work that is as late as it may be.
   * `paused` milliseconds of the step were pauses, or work that has had its pause.
   */
  async pause(lateness: number, paused = 0): Promise<void> {
    const { now, sleep } = this.#context;
    const took = Math.max(0, now() - this.#began - paused);
    // At least a millisecond: requests that wait for the event loop come in between.
    await sleep(Math.min(MAX_PAUSE_MS, Math.max(1, this.share(lateness).pause * took)));
    this.#began = now();
  }

  /** Limits of work of this lateness. More calls at once begin at half of the maximum lateness. */
  share(lateness: number): Share {
    const load = this.#isBusy() ? "busy" : "idle";
    const most = MAX_PAUSE_FACTOR[load];
    const pause = Math.max(Math.min(most, this.#leastPause), most * Math.min(1, 1 - lateness));
    const excess = Math.min(1, Math.max(0, 2 * lateness - 1));
    return { pause, calls: Math.max(CALLS[load], Math.round(this.#mostCalls * excess)) };
  }

  /** True if there was a request a moment ago. */
  #isBusy(): boolean {
    const { asked, now } = this.#context;
    if (asked.count > this.#asked) this.#busyUntil = now() + BUSY_MS;
    this.#asked = asked.count;
    return now() < this.#busyUntil;
  }
}
