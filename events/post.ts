import type { IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { HostAddress } from "./addresses.ts";
import { WebhookError } from "./webhook_error.ts";

/** Maximum bytes of an answer that are read: for the reason in an error. */
const MAX_ANSWER_BYTES = 1024;

/** Characters of an answer in an error. */
const MAX_SHOWN = 120;

/** Longest pause that an answer can ask for, in milliseconds. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60_000;

/** Request with an event. */
export interface Post {
  /** URL of the receiver. */
  url: URL;
  /** Addresses of its host, already checked. */
  addresses: HostAddress[];
  /** Headers. */
  headers: Record<string, string>;
  /** Body. */
  body: string;
  /** Milliseconds for everything. */
  timeout: number;
  /** Certificates that are trusted besides those of the system, for tests. */
  ca?: string | undefined;
}

/**
 * Sends an event to one of the addresses, and follows no redirect.
 *
 * `node:https` and not `fetch`: only it takes the addresses from the caller.
 *
 * @throws {WebhookError} without an answer in time, or if its status is not 2xx.
 */
export async function post(options: Post): Promise<void> {
  const { url } = options;
  const answer = await send(options).catch((error) => {
    throw new WebhookError(`No answer from ${url.origin}: ${reasonOf(error)}`, { cause: error });
  });
  const status = answer.statusCode ?? 0;
  const text = await startOf(answer);
  if (status >= 200 && status < 300) return;
  const shown = text === "" ? "" : ` ${JSON.stringify(text.slice(0, MAX_SHOWN))}`;
  throw new WebhookError(`Status ${status}${shown}${status >= 300 && status < 400 ? " (a redirect)" : ""}`, {
    retryAfter: retryAfterOf(answer.headers["retry-after"]),
    isFinal: status === 410,
  });
}

function send({ url, addresses, headers, body, timeout, ca }: Post): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: "POST",
      headers: { ...headers, "Content-Length": `${new TextEncoder().encode(body).length}` },
      // A connection of its own: an idle one may lead to an address that the name no longer has.
      agent: false,
      lookup: (_host, { all }, answer) => {
        const [{ address, family }] = addresses as [HostAddress];
        if (all) (answer as (error: null, addresses: HostAddress[]) => void)(null, addresses);
        else answer(null, address, family);
      },
      signal: AbortSignal.timeout(timeout),
      ...(ca !== undefined && { ca }),
    }, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

/** First characters of an answer, which ends there. */
async function startOf(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // The status has arrived, and decides.
  }
  answer.destroy();
  const whole = new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return new TextDecoder().decode(whole.subarray(0, MAX_ANSWER_BYTES)).trim();
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
