import {
  createBucket,
  createTable,
  CREDENTIALS_ENV,
  type DynamoDb,
  type S3Service,
  startDynamoDb,
  startRadosGw,
  startVersityGw,
} from "../services/mod.ts";

/** The S3 servers there are. */
const S3_SERVERS = { versitygw: startVersityGw, radosgw: startRadosGw };

/** The name of an S3 server. */
export type S3Server = keyof typeof S3_SERVERS;

/** URLs of the stores, or of the proxies before them. */
export interface Endpoints {
  readonly s3: string;
  readonly dynamoDb: string;
}

/** An S3 server with an empty bucket and a DynamoDB with an empty table. */
export interface AwsStores extends AsyncDisposable {
  readonly s3: S3Service;
  readonly dynamoDb: DynamoDb;
  readonly bucket: string;
  readonly table: string;
  readonly endpoints: Endpoints;
  /** The environment of a registry that uses them, directly or by other endpoints. */
  env(endpoints?: Endpoints): Record<string, string>;
}

/**
 * Starts both stores, the S3 server by its name or as it says, and makes the bucket and the table.
 *
 * @throws {Error} When one of them does not come up.
 */
export async function startAwsStores(
  server: S3Server | (() => Promise<S3Service>) = "versitygw",
): Promise<AwsStores> {
  await using stack = new AsyncDisposableStack();
  const startS3 = typeof server === "string" ? S3_SERVERS[server] : server;
  const [s3, dynamoDb] = await useAll(stack, [startS3(), startDynamoDb()]);
  const [bucket, table] = ["skerry-bucket", "skerry-table"];
  await createBucket(s3.endpoint, bucket);
  await createTable(dynamoDb.endpoint, table);
  const own: Endpoints = { s3: s3.endpoint, dynamoDb: dynamoDb.endpoint };
  const kept = stack.move();
  return {
    s3,
    dynamoDb,
    bucket,
    table,
    endpoints: own,
    env: (endpoints = own) => ({
      ...CREDENTIALS_ENV,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: bucket,
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_S3_PART_SIZE: "5MiB", // so that few bytes are several parts
      SKERRY_DYNAMODB_TABLE: table,
      AWS_ENDPOINT_URL_S3: endpoints.s3,
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamoDb,
    }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * Waits until all have started and gives them to the stack. Where one fails the others are given to it all the same.
 *
 * @throws {unknown} What the first one that failed has thrown.
 */
export async function useAll<T extends AsyncDisposable[]>(
  stack: AsyncDisposableStack,
  starting: { [Index in keyof T]: Promise<T[Index]> },
): Promise<T> {
  const results = await Promise.allSettled(starting);
  for (const result of results) if (result.status === "fulfilled") stack.use(result.value);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return await Promise.all(starting) as T;
}
