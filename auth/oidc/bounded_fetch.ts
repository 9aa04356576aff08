import { documentUrl } from "../workloads/mod.ts";

/** Maximum bytes of an answer of the provider. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Request to a provider, as the library makes it. */
export interface ProviderRequest {
  /** Method. */
  method: string;
  /** Headers. */
  headers: Record<string, string>;
  /** Form of a POST. */
  body?: URLSearchParams | null | undefined;
  /** Ends the request before its time. */
  signal?: AbortSignal | undefined;
}

/**
 * `fetch` of a provider's answer: from HTTPS URLs, or HTTP to this host, without redirects, and of limited size.
 *
 * @throws {TypeError} for another URL, and for a larger answer.
 */
export async function boundedFetch(
  url: string,
  { method, headers: given, body = null, signal }: ProviderRequest,
): Promise<Response> {
  const request: RequestInit = {
    method,
    headers: given,
    body,
    ...(signal && { signal }),
    redirect: "manual",
  };
  const response = await fetch(documentUrl(url), request);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  // A loop that ends early gives up the rest of the body.
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MAX_ANSWER_BYTES) {
      throw new TypeError(`Cannot read "${url}": it is larger than ${MAX_ANSWER_BYTES} bytes`);
    }
    parts.push(part);
  }
  const { status, headers } = response;
  return new Response(size === 0 ? null : new Blob(parts), { status, headers });
}
