import { RegistryError } from "../oci/mod.ts";
import type { Caller, DeadLetterChange } from "../registry/interface.ts";
import type { DeadLetter } from "../registry/mod.ts";
import { assertAdministers, noSuchPath } from "./administrator.ts";
import type { ListRequest, Webhooks } from "./api.ts";
import type { ApiOptions, EventQueue } from "./options.ts";
import type { DeadLetterList, WaitingEventList } from "./schemas/mod.ts";
import { member, sizeOf, timeOf } from "./values.ts";

/** Events of the first list. */
const MAX_WAITING = 100;

/** Events that wait for webhooks, and dead letters. */
export class WebhookPages implements Webhooks {
  readonly #events: ApiOptions["events"];

  /** Pages over the events of a registry; absent if it delivers none. */
  constructor(events: ApiOptions["events"]) {
    this.#events = events;
  }

  async listEvents(caller: Caller): Promise<WaitingEventList> {
    const pending = await (await this.#open(caller)).pending({ limit: MAX_WAITING });
    return {
      events: pending.map(({ receiver, message, attempts, error, notBefore }) => ({
        ...eventOf({ receiver, message, attempts }),
        ...member("error", error),
        ...member("notBefore", notBefore > 0 ? timeOf(notBefore) : undefined),
      })),
    };
  }

  async listDeadLetters(caller: Caller, { n, last }: ListRequest = {}): Promise<DeadLetterList> {
    const queue = await this.#open(caller);
    const { items, next } = await queue.deadLetters({ limit: sizeOf(n), ...member("after", last) });
    return {
      letters: items.map(({ id, receiver, message, attempts, error, at }) => ({
        id,
        ...eventOf({ receiver, message, attempts }),
        error,
        attemptedAt: timeOf(at),
      })),
      ...member("next", next),
    };
  }

  async retryDeadLetter(caller: Caller, id: string): Promise<void> {
    const letter = await (await this.#open(caller)).retry(id);
    report(caller, "event.retry", letter);
  }

  async deleteDeadLetter(caller: Caller, id: string): Promise<void> {
    const letter = await (await this.#open(caller)).drop(id);
    report(caller, "event.drop", letter);
  }

  async #open(caller: Caller): Promise<EventQueue> {
    assertAdministers(caller);
    if (this.#events === undefined) throw noSuchPath();
    return await this.#events();
  }
}

function eventOf({ receiver, message, attempts }: Pick<DeadLetter, "receiver" | "message" | "attempts">) {
  const { type, subject, at } = message;
  return { type, ...member("subject", subject), at: timeOf(at), webhook: receiver, attempts };
}

/** Tells the audit of a change, or the client that nothing was changed. */
function report(
  caller: Caller,
  action: DeadLetterChange["action"],
  letter: DeadLetter | undefined,
): void {
  if (letter === undefined) throw new RegistryError("UNSUPPORTED", "Dead letter not found", { status: 404 });
  caller.changed?.({ action, webhook: letter.receiver, letter: letter.id });
}
