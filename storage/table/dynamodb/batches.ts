import { inParallel } from "../../parallel.ts";

/**
 * Calls `run` with `size` values at a time, at most `parallel` calls at once. After a failure it starts no further
 * call.
 */
export async function forEachChunk<T>(
  values: T[],
  { size, parallel }: { size: number; parallel: number },
  run: (chunk: T[]) => Promise<void>,
): Promise<void> {
  const chunks = Array.from(
    { length: Math.ceil(values.length / size) },
    (_, i) => values.slice(i * size, (i + 1) * size),
  );
  await inParallel(chunks, parallel, run);
}
