/** A number of places that are taken and given back; nobody waits for one. */
export class Semaphore {
  #free: number;

  /** `places` that may be taken at the same time. */
  constructor(places: number) {
    this.#free = places;
  }

  /** Takes a place if one is free, and answers whether it did. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Gives a place back. */
  release(): void {
    this.#free++;
  }
}
