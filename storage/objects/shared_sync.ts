/** Single flight for fsync: callers that wait at the same time share one sync. */
export class SharedSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `sync` makes durable all that was written before it is called. */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when all that was written before the call is durable. */
  run(): Promise<void> {
    if (this.#next) return this.#next;
    if (!this.#running) return this.#start();
    // A running sync may have missed the latest writes, so one more covers all callers until it begins. After a failure
    // that one fails too: the system reports an error once, and treats the unwritten data as written.
    this.#next = this.#running.then(() => this.#start(), (error) => {
      this.#next = undefined;
      throw error;
    });
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    this.#running = this.#sync().finally(() => this.#running = undefined);
    return this.#running;
  }
}
