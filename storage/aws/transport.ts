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

/**
 * Requests with small bodies, over connections that stay open between requests. `fetch` uses HTTP/2 if the service
 * offers it, trusts the same certificates (`DENO_CERT`) and uses the same proxies as everything else in the process.
 */
export class Transport implements Disposable {
  readonly #client = Deno.createHttpClient({});

  /**
   * Sends a request and reads its whole response, so that the connection can be used again and a failure of the network
   * is never mistaken for a short response.
   *
   * @throws {TypeError} if no complete response arrives; the reason of `signal` if it aborts.
   */
  async send(
    { url, headers }: SignedRequest,
    { method, body, signal }: { method: string; body?: string; signal: AbortSignal },
  ): Promise<Reply> {
    const client = this.#client;
    const init = { method, headers, signal, client, redirect: "manual", ...(body !== undefined && { body }) };
    const response = await fetch(url, init as RequestInit);
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#client.close();
  }
}
