import type { RepositoryName } from "../../oci/mod.ts";
import { type EventMessage, randomId } from "../items/mod.ts";
import type { Context, EventType, SettledEvents } from "../protocol/mod.ts";
import { drainQueue, type QueueOptions, type QueueReport } from "./queue.ts";
import type { EventReceiver } from "./receiver.ts";
import { Relay, type RelayReport } from "./relay.ts";
import {
  type DeadLetter,
  type DeadLetterPage,
  deadLetters,
  dropDeadLetter,
  dropDeadLettersBefore,
  type PendingEvent,
  pendingEvents,
  retryDeadLetter,
} from "./waiting.ts";

/** Event without a change that proves it: best effort. */
export interface Notice {
  /** Its type. */
  type: EventType;
  /** Repository, if it belongs to one. */
  repository?: RepositoryName;
  /** Resource that the event is about. */
  subject?: string;
  /** Facts of the event. */
  data: EventMessage["data"];
}

/**
 * Events that wait in the table. Each is delivered at least once to each receiver that asks for it. Any number of
 * processes may work on them at once, and each may crash at any moment.
 */
export class EventOutbox {
  readonly #context: Context;
  readonly #settled: SettledEvents;

  /** The events of the table of this context; `settled` are the intents of this process. */
  constructor(context: Context, settled: SettledEvents) {
    this.#context = context;
    this.#settled = settled;
  }

  /** Sets the function that is called when a change of this process is over and has left intents. */
  onSettled(wake: () => void): void {
    this.#settled.onAdd = wake;
  }

  /** True if a change of this process is over whose intents wait. */
  get hasSettled(): boolean {
    return !this.#settled.isEmpty;
  }

  /**
   * Turns the intents of changes of this process that are over into deliveries.
   *
   * @throws The error of the table; the intents stay.
   */
  async relay(receivers: readonly EventReceiver[]): Promise<RelayReport> {
    const intents = this.#settled.take();
    try {
      return await new Relay(this.#context, receivers).relayOwn(intents);
    } catch (error) {
      this.#settled.restore(intents);
      throw error;
    }
  }

  /**
   * Turns intents that no process has taken up into deliveries, or drops them.
   *
   * @throws The error of the table; the intents stay.
   */
  async relayOthers(
    receivers: readonly EventReceiver[],
    options: { stopped?: () => boolean } = {},
  ): Promise<RelayReport> {
    return await new Relay(this.#context, receivers).relayOthers(options);
  }

  /**
   * Delivers the events that wait for a receiver, and returns when all that are left have to wait.
   *
   * @throws The error of the table; the deliveries stay.
   */
  async deliver(receiver: EventReceiver, options: QueueOptions = {}): Promise<QueueReport> {
    return await drainQueue(this.#context, receiver, options);
  }

  /** Puts deliveries of an event that no change proves. */
  async announce(
    receivers: readonly EventReceiver[],
    { repository, ...notice }: Notice,
  ): Promise<RelayReport> {
    const message = { id: randomId(), at: this.#context.now(), ...notice };
    return await new Relay(this.#context, receivers).announce(message, repository);
  }

  /** Events that wait, the oldest first: at most `limit`, 100 by default. */
  async pending(options: { receiver?: string; limit?: number } = {}): Promise<PendingEvent[]> {
    return await pendingEvents(this.#context.table, options);
  }

  /** A page of dead letters: at most `limit`, 100 by default. */
  async deadLetters(options: { after?: string; limit?: number } = {}): Promise<DeadLetterPage> {
    return await deadLetters(this.#context.table, options);
  }

  /** Delivers a dead letter again, from the first attempt on. Answers it; `undefined` if there is none. */
  async retry(id: string): Promise<DeadLetter | undefined> {
    return await retryDeadLetter(this.#context, id);
  }

  /** Deletes a dead letter. Answers it; `undefined` if there is none. */
  async drop(id: string): Promise<DeadLetter | undefined> {
    return await dropDeadLetter(this.#context.table, id);
  }

  /** Deletes the dead letters whose last attempt is more than so many milliseconds ago. Answers their number. */
  async dropOld(age: number): Promise<number> {
    return await dropDeadLettersBefore(this.#context.table, this.#context.now() - age);
  }
}
