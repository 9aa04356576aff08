/** Runs `action` for each item, at most `width` at a time; the first failure is thrown once all that began has ended. */
export async function forEachOf<T>(
  items: Iterable<T>,
  width: number,
  action: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = Iterator.from(items);
  let failed = false;
  const workers = Array.from({ length: width }, async () => {
    for (const item of queue) {
      if (failed) return;
      try {
        await action(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  const outcomes = await Promise.allSettled(workers);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
