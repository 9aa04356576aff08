/**
 * Receivers of events: CloudEvents, signed as Standard Webhooks, and sent to checked addresses.
 *
 * @module
 */
export { openWebhook, type WebhookMeans, type WebhookOptions } from "./webhook.ts";
export { WebhookError } from "./webhook_error.ts";
