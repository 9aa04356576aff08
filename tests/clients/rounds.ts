/** Time without a further request after which a full round ends, in milliseconds. A client may send more than expected. */
const QUIET_MS = 100;

/** Maximum time from a request to the next one of its round, in milliseconds. */
const DEADLINE_MS = 30_000;

/**
 * Sorts the requests of a client into rounds: a round has all requests that the client sends without an answer to any of
 * them. No request is answered before its round is full, so neither the speed of the machine nor the order of answers
 * changes the rounds.
 */
export class Rounds {
  /** The requests of each round that has ended, sorted. */
  readonly seen: string[][] = [];
  readonly #sizes: readonly number[];
  #requests: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end = Promise.withResolvers<void>();

  /** Expects this number of requests in each round. A round that does not fill up ends as it is. */
  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  /** Adds a request. Resolves when its round has ended. */
  add(request: string): Promise<void> {
    this.#requests.push(request);
    const size = this.#sizes[this.seen.length] ?? 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), this.#requests.length < size ? DEADLINE_MS : QUIET_MS);
    return this.#end.promise;
  }

  #next(): void {
    this.seen.push(this.#requests.sort());
    this.#requests = [];
    this.#end.resolve();
    this.#end = Promise.withResolvers();
  }
}
