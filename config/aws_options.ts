import type { Config, ReadReplica } from "./configuration.ts";
import type { Credentials } from "../storage/aws/mod.ts";
import type { CloudFrontKey, S3Options } from "../storage/objects/s3/mod.ts";
import type { DynamoOptions } from "../storage/table/dynamodb/mod.ts";

export type { CloudFrontKey, Credentials, DynamoOptions, S3Options };

/** Location of the bucket and size of parts, from the configuration. */
export function s3Options(config: Config): S3Options & { partSize: number } {
  return {
    bucket: config.s3Bucket,
    prefix: config.s3Prefix,
    region: config.awsRegion,
    ...endpointOf(config.s3Endpoint || config.awsEndpoint),
    ...(config.redirectEndpoint !== "" && { publicEndpoint: config.redirectEndpoint }),
    urlLifetime: config.redirectLifetime,
    pathStyle: config.s3PathStyle,
    partSize: config.s3PartSize,
    verifiesContent: config.s3VerifiesContent !== "off",
  };
}

/** Location of the table, from the configuration. */
export function dynamoOptions(config: Config): DynamoOptions {
  return {
    table: config.dynamodbTable,
    region: config.awsRegion,
    ...endpointOf(config.dynamodbEndpoint || config.awsEndpoint),
  };
}

/**
 * Milliseconds for a request to a replica, with all its attempts: longer than a request to any region takes, and short
 * for a client, because the home store answers afterwards.
 */
const REPLICA_LIMIT_MS = 1_500;

const REPLICA_LIMITS = { attemptTimeout: REPLICA_LIMIT_MS, deadline: REPLICA_LIMIT_MS };

/** Location of the bucket and the table of a replica; each is absent if the replica has none. */
export function replicaOptions(
  config: Config,
  { region, bucket, table, s3Endpoint = "", dynamodbEndpoint = "" }: ReadReplica,
): { s3?: S3Options; dynamo?: DynamoOptions } {
  const { s3Prefix: prefix, redirectLifetime: urlLifetime, s3PathStyle: pathStyle, s3PartSize: partSize } =
    config;
  return {
    ...(bucket !== undefined && {
      s3: {
        bucket,
        prefix,
        urlLifetime,
        pathStyle,
        partSize,
        region,
        ...endpointOf(s3Endpoint),
        ...REPLICA_LIMITS,
      },
    }),
    ...(table !== undefined &&
      { dynamo: { table, region, ...endpointOf(dynamodbEndpoint), ...REPLICA_LIMITS } }),
  };
}

/** Source of the replica's own credentials; absent if it accepts those of the home stores. */
export function replicaCredentials(
  { accessKeyId, secretAccessKey }: ReadReplica,
): (() => Promise<Credentials>) | undefined {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return () => Promise.resolve({ accessKeyId, secretAccessKey });
}

function endpointOf(endpoint: string): { endpoint?: string } {
  return endpoint === "" ? {} : { endpoint };
}

/** True if the value of `redirectKey` is the key itself and not the path of a file. */
export function isPemText(source: string): boolean {
  return source.trimStart().startsWith("-----");
}
