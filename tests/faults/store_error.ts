import type { RequestHead } from "./head.ts";

/** Error that a store can answer instead of its work. */
export type StoreError = "error-500" | "error-503" | "throttle";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const S3: Record<StoreError, [status: number, code: string]> = {
  "error-500": [500, "InternalError"],
  "error-503": [503, "ServiceUnavailable"],
  "throttle": [503, "SlowDown"],
};

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const DYNAMODB: Record<StoreError, [status: number, code: string]> = {
  "error-500": [500, "InternalServerError"],
  "error-503": [503, "ServiceUnavailable"],
  "throttle": [400, "ProvisionedThroughputExceededException"],
};

/** A whole response with the error, in the form of the store that the request is for. */
export function errorResponse(request: RequestHead, error: StoreError): Uint8Array {
  const isDynamo = request.headers.get("x-amz-target")?.startsWith("DynamoDB_") ?? false;
  const [status, code] = (isDynamo ? DYNAMODB : S3)[error];
  const body = isDynamo ? json(code) : xml(code);
  const lines = [
    `HTTP/1.1 ${status} Injected`,
    `Content-Type: ${isDynamo ? "application/x-amz-json-1.0" : "application/xml"}`,
    `Content-Length: ${body.length}`,
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${request.method === "HEAD" ? "" : body}`);
}

function json(code: string): string {
  return JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: "Injected fault" });
}

function xml(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Injected fault</Message></Error>`;
}
