/**
 * Commands about events for webhooks.
 *
 * @module
 */
export { dropEvent, listEvents, type ListOptions, retryEvent } from "./events.ts";
