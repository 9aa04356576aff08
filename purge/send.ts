import { exchange, type Reply } from "../storage/aws/mod.ts";
import { PurgeError } from "./purge_error.ts";

/** Milliseconds after which a request to a cache has failed. */
const TIMEOUT_MS = 10_000;

/** Characters of an answer in an error. */
const MAX_SHOWN = 200;

/** Request to a cache. */
export interface PurgeRequest {
  /** HTTP method. */
  method: string;
  /** URL. */
  url: string;
  /** Headers. */
  headers: Record<string, string>;
  /** Body; absent if there is none. */
  body?: string;
}

/**
 * Sends a request to a cache.
 *
 * @throws {PurgeError} without an answer, or if its status is not 2xx.
 */
export async function send(cache: string, { method, url, headers, body }: PurgeRequest): Promise<Reply> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const reply = await exchange({ url, headers }, { method, signal, ...(body !== undefined && { body }) })
    .catch((cause) => {
      throw new PurgeError(cache, `no answer from ${new URL(url).origin}: ${cause.message}`, { cause });
    });
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw refused(cache, reply);
}

/** Error for an answer that accepts nothing. */
export function refused(cache: string, { status, headers, text }: Reply): PurgeError {
  const advice = status === 401 || status === 403 ? " (check the credentials and their rights)" : "";
  const shown = JSON.stringify(text.slice(0, MAX_SHOWN));
  const retryAfter = retryAfterOf(headers.get("Retry-After"));
  return new PurgeError(cache, `status ${status} ${shown}${advice}`, { retryAfter });
}

/** Milliseconds of `Retry-After` in seconds (RFC 9110 §10.2.3). CDNs send no date. More than a few hours is no answer. */
function retryAfterOf(field: string | null): number | undefined {
  return field !== null && /^\d{1,4}$/.test(field) ? Number(field) * 1000 : undefined;
}
