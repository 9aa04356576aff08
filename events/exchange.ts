import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { HostAddress } from "./addresses.ts";

/** Maximum bytes of an answer that are read: for the reason in an error. */
const MAX_ANSWER_BYTES = 1024;

/** Request with an event. */
export interface EventRequest {
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

/** Answer of a receiver. */
export interface EventAnswer {
  /** HTTP status. */
  status: number;
  /** `Retry-After`. */
  retryAfter: string | undefined;
  /** Start of the body. */
  text: string;
}

/** Sends a request, follows no redirect, and reads the start of the answer. Throws without an answer in time. */
export type Exchange = (request: EventRequest) => Promise<EventAnswer>;

/**
 * Connects to one of the checked addresses. `node:https` and not `fetch`: only it takes the addresses from the caller.
 * Where Deno does not support that either (before 2.6), `fetch` looks up the name again, right after the check.
 */
export const exchange: Exchange = async (request) => {
  try {
    return await exchangeByNode(request);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_NOT_IMPLEMENTED") throw error;
    return await exchangeByFetch(request);
  }
};

const exchangeByNode: Exchange = async (request) => {
  const answer = await send(request);
  const { statusCode: status = 0, headers: { "retry-after": retryAfter } } = answer;
  const text = await startOf(answer as AsyncIterable<Uint8Array<ArrayBuffer>>);
  answer.destroy();
  return { status, retryAfter, text };
};

function send({ url, addresses, headers, body, timeout, ca }: EventRequest): Promise<IncomingMessage> {
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

/** Sends a request to an address that Deno looks up. */
export const exchangeByFetch: Exchange = async ({ url, headers, body, timeout }) => {
  const signal = AbortSignal.timeout(timeout);
  const { status, headers: answered, body: stream } = await fetch(url, {
    method: "POST",
    headers,
    body,
    redirect: "manual",
    signal,
  });
  return {
    status,
    retryAfter: answered.get("Retry-After") ?? undefined,
    text: stream === null ? "" : await startOf(stream),
  };
};

/** First characters of a body. The rest is not read. */
async function startOf(body: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // The status has arrived, and decides.
  }
  const whole = new Uint8Array(await new Blob(chunks).arrayBuffer());
  return new TextDecoder().decode(whole.subarray(0, MAX_ANSWER_BYTES)).trim();
}
