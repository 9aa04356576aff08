/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Options of a request. */
export interface Send {
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  /** Whose connections it goes by; by default those that all share. */
  readonly client?: Deno.HttpClient;
}

/** Thrown if the registry stopped before its whole answer arrived: the result of the request is unknown. */
export class Lost extends Error {
  override readonly name = "Lost";
}

/** Longer than any request may take, so that a registry that hangs fails the test. */
const PATIENCE_MS = 30_000;

/**
 * Sends a request and reads the whole answer.
 *
 * @throws {Lost} Where the connection broke.
 */
export async function send(
  url: string,
  method: string,
  path: string,
  { headers, body, client }: Send = {},
): Promise<Answer> {
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  try {
    const response = await fetch(new URL(path, url), {
      method,
      redirect: "manual",
      signal: timeout,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(client === undefined ? {} : { client }),
    });
    return { status: response.status, headers: response.headers, body: await response.bytes() };
  } catch (error) {
    if (timeout.aborted) {
      throw new Error(`Got no answer to ${method} ${path} in ${PATIENCE_MS} ms`, { cause: error });
    }
    throw new Lost(`Lost ${method} ${path}`, { cause: error });
  }
}
