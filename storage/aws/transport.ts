/** Signed request, ready to send. */
export interface SignedRequest {
  /** URL with the query. */
  url: string;
  /** Headers, including those of the signature. */
  headers: Record<string, string>;
}

/** Response that has been read to its end. */
export interface Reply {
  /** HTTP status. */
  status: number;
  /** Headers. */
  headers: Headers;
  /** Body, decoded as UTF-8. */
  text: string;
}

/** Request line, body and limits of an {@linkcode exchange}. */
export interface Exchange {
  /** HTTP method. */
  method: string;
  /** Body. */
  body?: string;
  /** Aborts the exchange. */
  signal: AbortSignal;
  /** Connections to use. Default: those of `fetch`. */
  client?: Deno.HttpClient;
}

/**
 * Sends a request with a small body and reads its whole response, so that the connection can be used again and a failure
 * of the network is never mistaken for a short response. Connections stay open between requests. `fetch` trusts the same
 * certificates (`DENO_CERT`) and uses the same proxies as everything else in the process.
 *
 * @throws {TypeError} if no complete response arrives; the reason of `signal` if it aborts.
 */
export async function exchange({ url, headers }: SignedRequest, options: Exchange): Promise<Reply> {
  const response = await fetch(url, { headers, redirect: "manual", ...options } as RequestInit);
  return { status: response.status, headers: response.headers, text: await response.text() };
}
