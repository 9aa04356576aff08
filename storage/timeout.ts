/** Result of `pending`, or of `late` if `pending` takes longer than this. `late` may throw. */
export async function withTimeout<T, Late>(
  pending: Promise<T>,
  milliseconds: number,
  late: () => Late,
): Promise<T | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  return await Promise.race([pending, elapsed.then(late)]).finally(() => clearTimeout(timer));
}
