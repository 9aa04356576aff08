import { LateWriteError } from "./errors.ts";

/**
 * Point in time after which a write must not take effect. A driver checks it as late as possible, because a caller can
 * pause between its own check and the write (a suspended machine, a stopped process).
 */
export class Fence {
  readonly #now: () => number;
  readonly #until: number;

  /** `until` (milliseconds since the epoch) by the caller's clock `now`. */
  constructor(now: () => number, until: number) {
    this.#now = now;
    this.#until = until;
  }

  /** Milliseconds that are left; 0 or less when it has passed. */
  get left(): number {
    return this.#until - this.#now();
  }

  /**
   * Throws when it has passed.
   *
   * @throws {LateWriteError}
   */
  check(): void {
    if (this.left <= 0) throw new LateWriteError();
  }
}
