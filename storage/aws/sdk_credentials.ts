import { S3Client } from "@aws-sdk/client-s3";
import type { CredentialSource } from "./credentials.ts";

/** Credentials of the AWS SDK's own chain of sources. The SDK caches and replaces them. */
export function sdkCredentials(region: string): CredentialSource {
  return new S3Client({ region }).config.credentials;
}
