import { Webhook } from "standardwebhooks";
import { eventFilter, type EventReceiver, type EventType } from "../registry/mod.ts";
import { checkedAddresses, type Resolve } from "./addresses.ts";
import { CLOUD_EVENT_TYPE, cloudEvent } from "./cloud_event.ts";
import type { Exchange } from "./exchange.ts";
import { post } from "./post.ts";

/** Milliseconds after which a request to a receiver has failed. */
const TIMEOUT_MS = 15_000;

/** Receiver as it is configured. */
export interface WebhookOptions {
  /** Unique name. */
  name: string;
  /** URL that events are sent to. */
  url: string;
  /** Secrets that sign each request, the newest first: a receiver accepts the signature of any. */
  secrets: readonly string[];
  /** Types of the events. */
  events: readonly EventType[];
  /** Glob patterns of the names of repositories. */
  repositories: readonly string[];
  /** True if the receiver may have a private address. */
  allowPrivate: boolean;
  /** Milliseconds before the second attempt, the third one, and so on. */
  retry: readonly number[];
}

/** Surroundings of a receiver. */
export interface WebhookMeans {
  /** URL that identifies the registry, as the source of its events. */
  source: string;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
  /** Finds the addresses of a host name. */
  resolve?: Resolve;
  /** Milliseconds after which a request has failed. */
  timeout?: number;
  /** Sends requests; by default to the addresses that were checked. */
  exchange?: Exchange;
  /** Certificates that are trusted besides those of the system, for tests. */
  ca?: string;
}

/**
 * A receiver that gets each event as a CloudEvent, signed as Standard Webhooks,
 * https://github.com/standard-webhooks/standard-webhooks. Sends nothing yet.
 */
export async function openWebhook(
  { name, url, secrets, events: types, repositories, allowPrivate, retry }: WebhookOptions,
  { source, now = Date.now, resolve, exchange, timeout = TIMEOUT_MS, ca }: WebhookMeans,
): Promise<EventReceiver> {
  const target = new URL(url);
  const signers = secrets.map((secret) => new Webhook(secret));
  return {
    name,
    wants: await eventFilter([{ types, repositories }]),
    retries: retry,
    async deliver(message) {
      const body = cloudEvent(message, source);
      // The time of the attempt: a receiver refuses old requests.
      const at = new Date(now());
      const addresses = await checkedAddresses(target.hostname, { allowPrivate, resolve });
      await post({
        url: target,
        addresses,
        headers: {
          "Content-Type": CLOUD_EVENT_TYPE,
          "User-Agent": "skerry",
          "webhook-id": message.id,
          "webhook-timestamp": `${Math.floor(at.getTime() / 1000)}`,
          "webhook-signature": signers.map((signer) => signer.sign(message.id, at, body)).join(" "),
        },
        body,
        timeout,
        ca,
      }, exchange);
    },
  };
}
