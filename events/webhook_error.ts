import type { Refusal } from "../registry/mod.ts";

/** Thrown if a receiver has not accepted an event. */
export class WebhookError extends Error implements Refusal {
  /** Name of the class, for logs. */
  override readonly name = "WebhookError";
  /** Milliseconds after which the receiver wants the next attempt; absent if it has not said so. */
  readonly retryAfter?: number;
  /** True if the receiver wants no further attempt. */
  readonly isFinal: boolean;

  /** Error for this reason. */
  constructor(
    reason: string,
    { retryAfter, isFinal = false, cause }: {
      retryAfter?: number | undefined;
      isFinal?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(reason, { cause });
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
    this.isFinal = isFinal;
  }
}
