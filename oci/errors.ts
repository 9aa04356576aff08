/**
 * Error code of an error body: one of the fourteen of distribution-spec §"Error Codes", or the code of CNCF
 * distribution for an invalid `n`, for which the specification has none.
 */
export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DENIED"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "PAGINATION_NUMBER_INVALID"
  | "SIZE_INVALID"
  | "TOOMANYREQUESTS"
  | "UNAUTHORIZED"
  | "UNSUPPORTED";

/** Default HTTP status of each code. */
const STATUS: Record<ErrorCode, number> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  SIZE_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
};

/** Optional parts of a {@linkcode RegistryError}, beside its code and message. */
export interface RegistryErrorOptions {
  /** HTTP status, if it differs from the default of the code (413, 416, 412, 503, ...). */
  status?: number;
  /** Unstructured data for the client; never a secret. */
  detail?: unknown;
  /** Response headers that belong to the error (`Location` and `Range` of a 416, `Retry-After` of a 503). */
  headers?: Record<string, string>;
  /** Underlying error. Logged, never sent to the client. */
  cause?: unknown;
}

/** An error that a client may see: everything else that is thrown is a bug or an outage. */
export class RegistryError extends Error {
  /** The class, for logs. */
  override readonly name = "RegistryError";
  /** The OCI error code. */
  readonly code: ErrorCode;
  /** The HTTP status to answer with. */
  readonly status: number;
  /** See {@linkcode RegistryErrorOptions.detail}. */
  readonly detail: unknown;
  /** See {@linkcode RegistryErrorOptions.headers}. */
  readonly headers: Record<string, string>;

  /** An error with `code`, a message for people, and what else belongs to it. */
  constructor(code: ErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? STATUS[code];
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }

  /** The body of distribution-spec §"Error Codes": `{"errors":[{"code","message","detail"}]}`. */
  toJSON(): { errors: { code: ErrorCode; message: string; detail?: unknown }[] } {
    const detail = this.detail === undefined ? {} : { detail: this.detail };
    return { errors: [{ code: this.code, message: this.message, ...detail }] };
  }
}

/** 503 with `Retry-After`: a temporary failure that the client did not cause. Retry after `seconds`, 1 by default. */
export function unavailable(
  message: string,
  options: { seconds?: number; cause?: unknown } = {},
): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", message, {
    status: 503,
    headers: { "Retry-After": String(options.seconds ?? 1) },
    cause: options.cause,
  });
}
