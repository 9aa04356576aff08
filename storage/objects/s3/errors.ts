import { CredentialsError } from "../../aws/mod.ts";
import { ContentMismatchError, StorageFullError, UnavailableError } from "../../errors.ts";

/** Error response of the store. */
export class S3Error extends Error {
  /** Name of the class, for logs. */
  override readonly name = "S3Error";
  /** The status of the answer. */
  readonly status: number;
  /** S3's error code, such as `SlowDown`; empty if the answer has none. */
  readonly code: string;
  /** Headers of the answer. */
  readonly headers: Headers;

  /** Error of the request `method` for `key`. */
  constructor(
    method: string,
    key: string,
    { status, code, headers = new Headers() }: { status: number; code: string; headers?: Headers },
  ) {
    super(`Cannot ${method} ${JSON.stringify(key)}: the store answers ${status} ${code}`.trimEnd());
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  /**
   * Error for an answer and its text.
   *
   * An S3 error is a small XML document with one element `Code`. The element cannot occur elsewhere unescaped, so no
   * parser is needed.
   */
  static of(
    method: string,
    key: string,
    { status, headers }: { status: number; headers: Headers },
    text: string,
  ): S3Error {
    const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? "";
    return new S3Error(method, key, { status, code, headers });
  }
}

/** Error of an error response, whose body is read to its end. */
export async function errorOf(method: string, key: string, response: Response): Promise<S3Error> {
  return S3Error.of(method, key, response, await response.text().catch(() => ""));
}

/** Code and HTTP status of an error of this driver or of the SDK, if known. */
export function codeAndStatus(error: unknown): { code: string; status: number | undefined } {
  if (error instanceof S3Error) return error;
  const { name, $metadata } = Object(error) as { name?: unknown; $metadata?: { httpStatusCode?: number } };
  return { code: typeof name === "string" ? name : "", status: $metadata?.httpStatusCode };
}

/** Error codes of transient failures whose HTTP status may not show it: AWS reports some of them with 200 or 400. */
const TRANSIENT = new Set([
  "InternalError",
  "RequestTimeout",
  "RequestTimeoutException",
  "ServiceUnavailable",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequests",
  // Services that issue credentials fail temporarily too.
  "CredentialsProviderError",
  "TokenProviderError",
]);

/** Names and codes of connection errors: of `fetch` (a `TypeError`), Deno and Node.js. */
const CONNECTION = new Set([
  "ConnectionAborted",
  "ConnectionRefused",
  "ConnectionReset",
  "BrokenPipe",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
]);

/** Error codes of S3-compatible stores for a full disk or quota. */
const FULL = new Set(["InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"]);

/** Error codes for a body that does not match its hash, and for a part that does not match its ETag. */
const MISMATCH = new Set([
  "XAmzContentSHA256Mismatch",
  "XAmzContentChecksumMismatch",
  "BadDigest",
  "InvalidDigest",
  "InvalidPart",
]);

/** True if a retry may succeed. */
export function isTransient(error: unknown): boolean {
  if (isFull(error)) return false;
  if (error instanceof CredentialsError) return error.transient;
  const { code, status } = codeAndStatus(error);
  if (TRANSIENT.has(code) || isConnectionError(error)) return true;
  // 409: conflict with a concurrent operation on the same key. No other process writes our keys, so it is transient.
  // AWS answers it to conditional operations, Versity's gateway when a put meets the delete of its last neighbour.
  if (status === undefined || status === 501) return false;
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

function isConnectionError(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  const { name, code } = Object(error) as { name?: string; code?: string };
  return CONNECTION.has(name ?? "") || CONNECTION.has(code ?? "");
}

function isFull(error: unknown): boolean {
  const { code, status } = codeAndStatus(error);
  return status === 507 || FULL.has(code);
}

/** Converts an error of a request to the error that the port promises. */
export function toPortError(error: unknown, key: string): unknown {
  if (error instanceof UnavailableError || error instanceof ContentMismatchError) return error;
  if (isFull(error)) return new StorageFullError(error);
  return MISMATCH.has(codeAndStatus(error).code) ? new ContentMismatchError(key, error) : error;
}
