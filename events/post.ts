import { type EventRequest, type Exchange, exchange as exchangeChecked } from "./exchange.ts";
import { WebhookError } from "./webhook_error.ts";

/** Characters of an answer in an error. */
const MAX_SHOWN = 120;

/** Longest pause that an answer can ask for, in milliseconds. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60_000;

/**
 * Sends an event.
 *
 * @throws {WebhookError} without an answer in time, or if its status is not 2xx.
 */
export async function post(request: EventRequest, exchange: Exchange = exchangeChecked): Promise<void> {
  const { status, retryAfter, text } = await exchange(request).catch((error) => {
    throw new WebhookError(`No answer from ${request.url.origin}: ${reasonOf(error)}`, { cause: error });
  });
  if (status >= 200 && status < 300) return;
  const shown = text === "" ? "" : ` ${JSON.stringify(text.slice(0, MAX_SHOWN))}`;
  throw new WebhookError(`Status ${status}${shown}${status >= 300 && status < 400 ? " (a redirect)" : ""}`, {
    retryAfter: retryAfterOf(retryAfter),
    isFinal: status === 410,
  });
}

/** Milliseconds of `Retry-After`, a number of seconds or a date (RFC 9110 §10.2.3). */
function retryAfterOf(field: string | undefined): number | undefined {
  if (field === undefined) return undefined;
  const pause = /^\d{1,9}$/.test(field) ? Number(field) * 1000 : Date.parse(field) - Date.now();
  return Number.isNaN(pause) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, pause));
}

function reasonOf(error: Error & { code?: string }): string {
  return error.name === "TimeoutError" || error.name === "AbortError"
    ? "timed out"
    : error.code ?? error.message;
}
