import type { Changed } from "../../change.ts";
import type { EventMessage } from "../../items/mod.ts";
import { EVENT_TYPES, type EventFilter, type EventType } from "../../protocol/mod.ts";
import type { EventReceiver, Refusal } from "../receiver.ts";

/** Receiver that records events, and fails as often as it is told. */
export class Inbox implements EventReceiver {
  /** Every type. */
  static readonly ALL: EventType[] = [...EVENT_TYPES];
  readonly name: string;
  retries = [1000, 60_000];
  filter: EventFilter = () => true;
  failures = 0;
  rejects: (message: EventMessage) => boolean = () => false;
  refusal: Refusal = {};
  gate: Promise<void> = Promise.resolve();
  /** Events of the last {@linkcode take}. */
  last: EventMessage[] = [];
  #messages: EventMessage[] = [];

  /** An empty one. */
  constructor(name = "inbox") {
    this.name = name;
  }

  /** True for what {@linkcode filter} lets through. */
  readonly wants: EventFilter = (type, repository) => this.filter(type, repository);

  /** Records an event. */
  async deliver(message: EventMessage): Promise<void> {
    await this.gate;
    if (this.failures-- > 0 || this.rejects(message)) throw Object.assign(new Error("down"), this.refusal);
    this.#messages.push(message);
  }

  /** Events since the last call, as sorted texts. */
  take(): string[] {
    this.last = this.#messages;
    this.#messages = [];
    return this.last.map(textOf).sort();
  }

  /** Number of events since the last {@linkcode take}. */
  get count(): number {
    return this.#messages.length;
  }

  /** Types of the events of the last {@linkcode take}, in their order. */
  get order(): string[] {
    return this.last.map(({ type }) => type);
  }
}

function textOf({ type, data: { tag, before, digest } }: EventMessage): string {
  return [type, tag, before, digest].filter((part) => part !== undefined).join(" ");
}

/** Changes of this principal, which are not recorded. */
export function changeBy(by: string): Changed {
  return Object.assign(() => {}, { by });
}
