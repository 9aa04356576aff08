/**
 * Calls `run` with `size` values at a time, at most `parallel` calls at once. After a failure it starts no further
 * call.
 */
export async function forEachChunk<T>(
  values: T[],
  { size, parallel }: { size: number; parallel: number },
  run: (chunk: T[]) => Promise<void>,
): Promise<void> {
  let next = 0;
  async function work(): Promise<void> {
    while (next < values.length) {
      const chunk = values.slice(next, next += size);
      try {
        await run(chunk);
      } catch (error) {
        next = values.length;
        throw error;
      }
    }
  }
  // No call may run on after the caller has been told of a failure.
  const workers = await Promise.allSettled(Array.from({ length: parallel }, work));
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
}
