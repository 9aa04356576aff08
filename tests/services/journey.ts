/** Requests to the stores at home, and the rounds in which they were made. */
export interface Trips {
  table: number;
  objects: number;
  /** Sequential rounds: requests of one round wait for none of the others. */
  rounds: number;
}

/** Milliseconds that a request is on its way home and back. */
const LATENCY_MS = 100;

/** Turns of the event loop after the latency, so that a busy process still reads the requests that came in time. */
const SETTLING_TURNS = 10;

/**
 * The way home. Requests that are under way at the same time arrive together, so that the number of rounds does not
 * depend on the speed of the machine: a round ends when no further request has come for {@linkcode LATENCY_MS}.
 */
export class Journey {
  #trips: Trips = { table: 0, objects: 0, rounds: 0 };
  #travelling: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Resolves when the request is at home. */
  pass(store: "table" | "objects"): Promise<void> {
    this.#trips[store]++;
    return new Promise((arrive) => {
      this.#travelling.push(arrive);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#arrive(), LATENCY_MS);
    });
  }

  /** The trips since the last look. */
  take(): Trips {
    const taken = this.#trips;
    this.#trips = { table: 0, objects: 0, rounds: 0 };
    return taken;
  }

  async #arrive(): Promise<void> {
    const count = this.#travelling.length;
    for (let turn = 0; turn < SETTLING_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (this.#travelling.length > count) return; // the timer runs again
    this.#trips.rounds++;
    const arrived = this.#travelling;
    this.#travelling = [];
    for (const arrive of arrived) arrive();
  }
}
