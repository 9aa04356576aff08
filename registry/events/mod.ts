/**
 * Events of changes: the intents that wait in the table, their delivery to receivers, and dead letters.
 *
 * @module
 */
export { EventOutbox, type Notice } from "./outbox.ts";
export type { QueueOptions, QueueReport } from "./queue.ts";
export type { EventReceiver, Refusal } from "./receiver.ts";
export type { RelayReport } from "./relay.ts";
export type { DeadLetter, DeadLetterPage, PendingEvent } from "./waiting.ts";
