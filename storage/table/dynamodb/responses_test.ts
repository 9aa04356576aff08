// The driver's reading of responses, held against that of the AWS SDK.
import { assertEquals } from "@std/assert";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoClient } from "./client.ts";
import { isFailedCondition, isRefusal, isTransient } from "./errors.ts";
import { type Answer, credentials, REGION, sdkClient, sdkInput, startCapture } from "./testing/capture.ts";

/** The decisions that depend on the outcome of one attempt. */
interface Outcome {
  name: string;
  message: string;
  transient: boolean;
  refusal: boolean;
  failedCondition: boolean;
}

const NO_ERROR: Outcome = { name: "", message: "", transient: false, refusal: false, failedCondition: false };

async function ourOutcome(endpoint: string): Promise<Outcome> {
  using client = await DynamoClient.open({ table: "registry", region: REGION, endpoint }, credentials);
  const request = { TableName: "registry", Key: { pk: { S: "p" } }, ConsistentRead: false };
  try {
    await client.send("GetItem", request, new AbortController().signal);
    return NO_ERROR;
  } catch (error) {
    const { name, message } = error as Error;
    return {
      name,
      message,
      transient: isTransient(error),
      refusal: isRefusal(error),
      failedCondition: isFailedCondition(error),
    };
  }
}

/** Error names after which AWS's documentation advises another attempt, in addition to statuses of 500 and more. */
const TRANSIENT_NAMES =
  /^(ProvisionedThroughputExceeded|Throttling|TransactionConflict|ReplicatedWriteConflict)Exception$|^(RequestLimitExceeded|InternalServerError|ServiceUnavailable)$/;

async function sdkOutcome(endpoint: string): Promise<Outcome> {
  const client = sdkClient(endpoint);
  try {
    await client.send(new GetItemCommand({ TableName: "registry", Key: { pk: { S: "p" } } }));
    return NO_ERROR;
  } catch (error) {
    const { name, message, $metadata = {} } = error as Error & {
      $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean };
    };
    const status = $metadata.httpStatusCode ?? 0;
    const isNetwork = error instanceof TypeError;
    return {
      name,
      message,
      transient: isNetwork || $metadata.clockSkewCorrected === true || TRANSIENT_NAMES.test(name) ||
        status >= 500,
      refusal: status >= 400 && status < 500,
      failedCondition: name === "ConditionalCheckFailedException",
    };
  } finally {
    client.destroy();
  }
}

const PREFIX = "com.amazonaws.dynamodb.v20120810#";

function error(type: string, more: Record<string, unknown> = { message: "The reason" }): string {
  return JSON.stringify({ __type: type, ...more });
}

const FAR = { date: "Wed, 01 Jul 2099 12:00:00 GMT" };

/** Error responses in JSON, whose name and message the AWS SDK gives as well. */
const ERRORS: [string, Answer][] = [
  ...[
    "ConditionalCheckFailedException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
    "TransactionCanceledException",
    "ItemCollectionSizeLimitExceededException",
    "ResourceNotFoundException",
    "IdempotentParameterMismatchException",
    "NotOfThisVersionException",
  ].map((name): [string, Answer] => [name, { status: 400, body: error(PREFIX + name) }]),
  ...["InternalServerError", "ServiceUnavailable", "ThrottlingException"].map((name): [string, Answer] => [
    `${name} with status 500`,
    { status: 500, body: error(PREFIX + name) },
  ]),
  ...["ValidationException", "AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"]
    .map((
      name,
    ): [string, Answer] => [name, { status: 400, body: error(`com.amazon.coral.service#${name}`) }]),
  ["a name without its namespace", { status: 400, body: error("ThrottlingException") }],
  ["a name with an address behind it", {
    status: 400,
    body: error("ThrottlingException:http://internal.amazon.com/coral/com.amazonaws/"),
  }],
  ["a name in a header", {
    status: 400,
    headers: { "x-amzn-errortype": `ThrottlingException:http://internal.amazon.com/` },
    body: JSON.stringify({ message: "The reason" }),
  }],
  ["a name in the field code", {
    status: 400,
    body: JSON.stringify({ code: "ThrottlingException", message: "m" }),
  }],
  ["Message with a capital", {
    status: 400,
    body: error("AccessDeniedException", { Message: "The reason" }),
  }],
  ["a wrong clock", { status: 400, headers: FAR, body: error("InvalidSignatureException") }],
  ["a wrong clock, from a cache", {
    status: 400,
    headers: { ...FAR, age: "1" },
    body: error("InvalidSignatureException"),
  }],
];

for (const [what, answer] of ERRORS) {
  Deno.test(`DynamoClient send() decides as with the AWS SDK after ${what}`, async () => {
    await using capture = await startCapture(() => answer);
    assertEquals(await ourOutcome(capture.endpoint), await sdkOutcome(capture.endpoint));
  });
}

/** Responses for which the AWS SDK has names and messages of its own. */
const BROKEN: [string, Answer][] = [
  ["a gateway's page with 502", {
    status: 502,
    headers: { "content-type": "text/html" },
    body: "<h1>no</h1>",
  }],
  ["a gateway's page with 403", {
    status: 403,
    headers: { "content-type": "text/html" },
    body: "<h1>no</h1>",
  }],
  ["an empty 503", { status: 503, body: "" }],
  ["an empty 400", { status: 400, body: "" }],
  ["an error without a name", { status: 400, body: "{}" }],
  ["an error that is no object", { status: 400, body: "[]" }],
  ["200 with half of its JSON", { status: 200, body: '{"Item":' }],
  ["200 without a body", { status: 200, body: "" }],
  ["a broken connection", undefined],
];

for (const [what, answer] of BROKEN) {
  Deno.test(`DynamoClient send() decides as with the AWS SDK after ${what}`, async () => {
    await using capture = await startCapture(() => answer);
    const [{ transient, refusal, failedCondition }, theirs] = [
      await ourOutcome(capture.endpoint),
      await sdkOutcome(capture.endpoint),
    ];
    assertEquals({ transient, refusal, failedCondition }, {
      transient: theirs.transient,
      refusal: theirs.refusal,
      failedCondition: theirs.failedCondition,
    });
  });
}

Deno.test("DynamoClient send() reads items as the AWS SDK does", async () => {
  const Item = {
    pk: { S: "p é ☃" },
    sk: { S: "\ud800" },
    version: { S: "" },
    expiresAt: { N: "1800604800" },
    bytes: { B: "AP8+Pw==" },
  };
  await using capture = await startCapture(() => ({ body: JSON.stringify({ Item, Unknown: 1 }) }));
  using client = await DynamoClient.open(
    { table: "registry", region: REGION, endpoint: capture.endpoint },
    credentials,
  );
  const request = { TableName: "registry", Key: { pk: { S: "p" } }, ConsistentRead: false };
  const ours = await client.send("GetItem", request, new AbortController().signal);
  const sdk = sdkClient(capture.endpoint);
  const theirs = await sdk.send(new GetItemCommand({ TableName: "registry", Key: { pk: { S: "p" } } }));
  sdk.destroy();
  assertEquals(sdkInput(JSON.stringify(ours.Item)), theirs.Item);
});

Deno.test("DynamoClient send() follows no redirect, and takes it for an error", async () => {
  await using other = await startCapture();
  await using capture = await startCapture(() => ({ status: 307, headers: { location: other.endpoint } }));
  const { name, message, transient } = await ourOutcome(capture.endpoint);
  assertEquals([name, message, transient], ["Unknown", "The service answers 307", false]);
  assertEquals(other.captured, []);
});
