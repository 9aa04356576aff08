import type { Config } from "./configuration.ts";
import type { CloudFrontKey, S3Options } from "../storage/objects/s3/mod.ts";
import type { DynamoOptions } from "../storage/table/dynamodb/mod.ts";

export type { CloudFrontKey, DynamoOptions, S3Options };

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

function endpointOf(endpoint: string): { endpoint?: string } {
  return endpoint === "" ? {} : { endpoint };
}

/** True if the value of `redirectKey` is the key itself and not the path of a file. */
export function isPemText(source: string): boolean {
  return source.trimStart().startsWith("-----");
}
