import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { tableDefinition } from "../../storage/table/dynamodb/mod.ts";
import { CREDENTIALS, REGION } from "../harness/credentials.ts";

/** Maximum time until a new table is usable, in seconds. */
const TABLE_DEADLINE_SECONDS = 30;

/** A client of an S3 server. Nothing of it has to be closed. */
export function s3Client(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    forcePathStyle: true,
    requestHandler: new FetchHttpHandler(),
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

/** A client of a DynamoDB. Nothing of it has to be closed. */
export function dynamoDbClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    requestHandler: new FetchHttpHandler(),
  });
}

/** Makes an empty bucket. */
export async function createBucket(endpoint: string, bucket: string): Promise<void> {
  await s3Client(endpoint).send(new CreateBucketCommand({ Bucket: bucket }));
}

/** Makes an empty table of the shape that the registry wants, and waits until it can be used. */
export async function createTable(endpoint: string, table: string): Promise<void> {
  const client = dynamoDbClient(endpoint);
  await client.send(new CreateTableCommand(tableDefinition(table)));
  await waitUntilTableExists({ client, maxWaitTime: TABLE_DEADLINE_SECONDS, minDelay: 1 }, {
    TableName: table,
  });
}
