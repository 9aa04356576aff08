/** Difference above which AWS may refuse a signature: it allows 5 minutes, and the AWS SDK corrects from 4. */
const MAX_SKEW_MS = 4 * 60_000;

/** Clock of signatures: the system clock, corrected by the service's after a refused request. */
export class Clock {
  readonly #system: () => number;
  #offset = 0;

  /** Clock without a correction; `system` is the time in milliseconds since the epoch. */
  constructor(system: () => number = Date.now) {
    this.#system = system;
  }

  /** The time by which requests are signed. */
  now(): Date {
    return new Date(this.#system() + this.#offset);
  }

  /**
   * Adopts the time of an error response (its `Date`). Returns true if the request at `signedAt` had a time that the
   * service may have refused, so that another attempt may succeed. A response of a cache (`Age`) tells no time.
   */
  correct(headers: Headers, signedAt: Date): boolean {
    const service = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(service) || headers.has("age")) return false;
    if (Math.abs(service - signedAt.getTime()) < MAX_SKEW_MS) return false;
    this.#offset = service - this.#system();
    return true;
  }
}
