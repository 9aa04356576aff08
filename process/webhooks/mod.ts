/**
 * Delivery of events by the process.
 *
 * @module
 */
export { type OpenWebhooks, openWebhooks } from "./open_webhooks.ts";
