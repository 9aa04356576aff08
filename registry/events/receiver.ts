import type { EventMessage } from "../items/mod.ts";
import type { EventFilter } from "../protocol/mod.ts";

/** Receiver of events. */
export interface EventReceiver {
  /** Unique name: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Decides which events it gets. */
  readonly wants: EventFilter;
  /** Milliseconds before the second attempt, before the third one, and so on. After the last one it is a dead letter. */
  readonly retries: readonly number[];
  /**
   * Delivers an event.
   *
   * @throws If the receiver has not accepted it. {@linkcode Refusal} has the properties of the error that count.
   */
  deliver(message: EventMessage): Promise<void>;
}

/** Properties of an error of {@linkcode EventReceiver.deliver}. */
export interface Refusal {
  /** Milliseconds after which the receiver wants the next attempt. */
  retryAfter?: number;
  /** True if no further attempt makes sense. */
  isFinal?: boolean;
}
