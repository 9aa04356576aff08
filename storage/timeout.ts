/** Resolves after this time. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Signal of {@linkcode abortAfter}. */
export interface TimeoutSignal {
  /** Aborts with a `TimeoutError`. */
  readonly signal: AbortSignal;
  /** Ends the timer. */
  clear(): void;
}

/**
 * Signal that aborts after this time. Unlike that of `AbortSignal.timeout`, its timer ends with `clear`, which a caller
 * with thousands of calls a second needs.
 */
export function abortAfter(milliseconds: number): TimeoutSignal {
  const controller = new AbortController();
  // The error is made here: its stack costs more than all else, and few calls are late.
  const abort = () => controller.abort(new DOMException("The store took too long", "TimeoutError"));
  const timer = setTimeout(abort, milliseconds);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

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
