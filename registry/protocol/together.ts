/**
 * Runs steps that need no order among each other, as one round trip. Waits for all of them also if one fails, so that
 * no write of a request is in flight once the request has failed.
 */
export async function together<T extends readonly Promise<unknown>[]>(
  ...steps: T
): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  await Promise.allSettled(steps);
  return await Promise.all(steps);
}
