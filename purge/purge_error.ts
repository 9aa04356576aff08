/** Thrown if a shared cache has not accepted a purge. */
export class PurgeError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "PurgeError";
  /** Milliseconds after which the cache wants the next attempt; absent if it has not said so. */
  readonly retryAfter?: number;

  /** Error for a cache, such as "Fastly". */
  constructor(
    cache: string,
    reason: string,
    options: { retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(`Cannot purge ${cache}: ${reason}`, { cause: options.cause });
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }
}
