/**
 * Runs `action` for each value, at most `width` at a time, and gives the results in the order of the values. After a
 * failure it starts no more. It throws the first failure once everything that it started has ended.
 */
export async function inParallel<T, R>(
  values: Iterable<T>,
  width: number,
  action: (value: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = Iterator.from(values);
  let started = 0;
  let failed = false;
  const workers = Array.from({ length: width }, async () => {
    for (const value of queue) {
      if (failed) return;
      const index = started++;
      try {
        results[index] = await action(value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  const outcomes = await Promise.allSettled(workers);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return results;
}

/** Tasks under way. None of them rejects unseen: the first failure is kept until {@linkcode throwFailure}. */
export class Tasks {
  readonly #running = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

  /** Number of tasks under way. */
  get size(): number {
    return this.#running.size;
  }

  /** Adds a task that has begun. Resolves when it has ended, even with a failure. */
  add(task: Promise<void>): Promise<void> {
    const running = task
      .catch((error) => void (this.#failure ??= { error }))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Resolves when fewer than `count` tasks are under way, also of those that were added meanwhile. */
  async fewerThan(count: number): Promise<void> {
    while (this.#running.size >= count) await Promise.race(this.#running);
  }

  /** Throws the failure of the first task that failed, if any did. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
