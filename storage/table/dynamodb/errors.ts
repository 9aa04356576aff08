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
  // Services that issue credentials fail temporarily too.
  "CredentialsProviderError",
  "TokenProviderError",
]);

/** Fields that all errors of the SDK have. */
interface ServiceError {
  name?: unknown;
  $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean };
}

/** True if a retry may succeed. */
export function isTransient(error: unknown): boolean {
  if (error instanceof NoAnswerError || error instanceof UnprocessedError) return true;
  const { name, $metadata } = Object(error) as ServiceError;
  // The SDK signs the next request by the clock of the store.
  if ($metadata?.clockSkewCorrected) return true;
  return TRANSIENT.has(String(name)) || ($metadata?.httpStatusCode ?? 0) >= 500;
}

/** True if DynamoDB refused the request (4xx), so it had no effect. */
export function isRefusal(error: unknown): boolean {
  const { $metadata } = Object(error) as ServiceError;
  const status = $metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500;
}

/** True if DynamoDB did not write because the condition failed. */
export function isFailedCondition(error: unknown): boolean {
  return Object(error).name === "ConditionalCheckFailedException";
}
