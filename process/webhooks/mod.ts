/**
 * Delivery of events by the process.
 *
 * @module
 */
export { type OpenWebhooks, openWebhooks } from "./open_webhooks.ts";
export type { ReceiverStats } from "./receiver_worker.ts";
