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
