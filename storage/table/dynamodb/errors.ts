import { CredentialsError, type Reply } from "../../aws/mod.ts";

/** Thrown for a request that got no answer, or only the beginning of one; it may have been done. */
export class NoAnswerError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "NoAnswerError";

  /** Error with the network's error as `cause`. */
  constructor(cause: unknown) {
    super("DynamoDB does not answer", { cause });
  }
}

/** Thrown if DynamoDB has processed only a part of a batch, because of its size or its own load. */
export class UnprocessedError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "UnprocessedError";

  /** Error for `left` remaining items or keys. */
  constructor(left: number) {
    super(`DynamoDB left ${left} of a batch unprocessed`);
  }
}

/** Error response of DynamoDB. */
export class ServiceError extends Error {
  /** DynamoDB's name of the error, such as `ThrottlingException`. */
  override readonly name: string;
  /** HTTP status. */
  readonly status: number;
  /** True if the request had the time of a wrong clock, which the next attempt will not have. */
  readonly clockCorrected: boolean;

  /** Error with the service's own message. */
  constructor(
    name: string,
    message: string,
    { status, clockCorrected }: { status: number; clockCorrected: boolean },
  ) {
    super(message);
    this.name = name;
    this.status = status;
    this.clockCorrected = clockCorrected;
  }

  /** Error of an error response. A proxy on the way may send one that is not JSON. */
  static of({ status, headers, text }: Reply, { clockCorrected }: { clockCorrected: boolean }): ServiceError {
    let fields: Record<string, unknown> = {};
    try {
      fields = Object(JSON.parse(text));
    } catch {
      // The status tells enough.
    }
    const { __type, code, message, Message } = fields;
    const type = String(__type ?? code ?? headers.get("x-amzn-errortype") ?? "Unknown");
    // As in `com.amazonaws.dynamodb.v20120810#ThrottlingException:http://...`.
    const name = type.replace(/[,:].*/s, "").replace(/^[^#]*#/, "");
    const words = String(message ?? Message ?? "");
    return new ServiceError(name, words || `The service answers ${status}`, { status, clockCorrected });
  }
}

/**
 * Errors after which a retry may succeed, in addition to statuses of 500 and more:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, and for the last one
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html.
 */
const TRANSIENT = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "InternalServerError",
  "ServiceUnavailable",
  "TransactionConflictException",
  "ReplicatedWriteConflictException",
]);

/** Errors of the SDK's sources of credentials, which fail temporarily too. */
const TRANSIENT_SDK = new Set(["CredentialsProviderError", "TokenProviderError"]);

/** True if a retry may succeed. */
export function isTransient(error: unknown): boolean {
  if (error instanceof NoAnswerError || error instanceof UnprocessedError) return true;
  if (error instanceof CredentialsError) return error.transient;
  if (error instanceof ServiceError) {
    return error.clockCorrected || TRANSIENT.has(error.name) || error.status >= 500;
  }
  const { name, $metadata } = Object(error) as { name?: unknown; $metadata?: { httpStatusCode?: number } };
  return TRANSIENT_SDK.has(String(name)) || ($metadata?.httpStatusCode ?? 0) >= 500;
}

/** True if DynamoDB refused the request (4xx), so it had no effect. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ServiceError && error.status >= 400 && error.status < 500;
}

/** True if DynamoDB did not write because the condition failed. */
export function isFailedCondition(error: unknown): boolean {
  return error instanceof ServiceError && error.name === "ConditionalCheckFailedException";
}
