/** Lets those who wait for the disk at the same time wait for the same sync. */
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
    // What runs already may have passed by what was written since; one more covers all who come until it begins. After
    // a failure that one fails too: the system reports an error once, and takes what it could not write for written.
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
