import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getEndpointFromInstructions } from "@smithy/core/endpoints";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { credentialsFor, type CredentialSource } from "../../aws/mod.ts";
import type { S3Options } from "./options.ts";

/**
 * SDK client for rare requests. Bytes of objects never pass through it.
 *
 * It makes no retries (`storage/retry.ts` does), and uses no checksums except those that S3 requires: other stores do
 * not know them or differ.
 */
export function makeClient(
  options: Pick<S3Options, "region" | "endpoint" | "pathStyle">,
  credentials: CredentialSource = credentialsFor(options.region),
): S3Client {
  const { region, endpoint, pathStyle = false } = options;
  return new S3Client({
    region,
    credentials,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: pathStyle,
    requestHandler: new FetchHttpHandler(),
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
  });
}

/**
 * The URL of a bucket without a slash at its end, by the SDK's own rules (partitions, dots in names, AWS's settings), so
 * that it is the one that the client's requests go to.
 */
export async function bucketUrl(client: S3Client, bucket: string): Promise<URL> {
  const input = { Bucket: bucket, Key: "" };
  const { url } = await getEndpointFromInstructions(input, GetObjectCommand, client.config);
  return new URL(url.href.replace(/\/$/, ""));
}
