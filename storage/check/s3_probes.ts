import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { expect, type Probe } from "./probe.ts";

/** Bucket under test, and a key prefix in it that no other process writes. */
export interface S3Subject {
  /** Client for requests that the driver does not make. */
  client: S3Client;
  /** Name of the bucket. */
  bucket: string;
  /** Prefix of the keys that a probe writes in the bucket. */
  keyPrefix: string;
}

const BODY = new TextEncoder().encode("tested by skerry check");

/** Probes of capabilities in which stores differ and that the registry can work without. */
export const s3Probes: Probe<S3Subject>[] = [
  {
    capability: "reject content with a wrong hash",
    otherwise: "Not required: the registry hashes every push itself",
    async run(subject) {
      expect(
        await enforcesPayloadHash(subject),
        "The store accepted an object with a wrong x-amz-content-sha256",
      );
    },
  },
  {
    capability: "write only if absent (If-None-Match)",
    otherwise: "Not required: no key is written twice",
    async run({ client, bucket, keyPrefix }) {
      const put = { Bucket: bucket, Key: `${keyPrefix}once`, Body: BODY, IfNoneMatch: "*" };
      await client.send(new PutObjectCommand(put));
      const again = client.send(new PutObjectCommand(put)).then(() => 200, statusOf);
      expect(await again === 412, `The second write was answered ${await again}`);
    },
  },
  {
    capability: "read a suffix range",
    otherwise: "Not required: the size is always known",
    async run({ client, bucket, keyPrefix }) {
      const Key = `${keyPrefix}suffix`;
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: BODY }));
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key, Range: "bytes=-5" }));
      const text = await Body?.transformToString();
      expect(text === "check", `"${text}" was returned for the last 5 bytes`);
    },
  },
];

/**
 * True if the store rejects bytes that do not match `x-amz-content-sha256`. AWS requires that for a signed request
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html); some other stores ignore it.
 *
 * @throws {Error} if the store failed for another reason, so the answer is unknown.
 */
export async function enforcesPayloadHash({ client, bucket, keyPrefix }: S3Subject): Promise<boolean> {
  const where = { Bucket: bucket, Key: `${keyPrefix}payload-hash` };
  const put = new PutObjectCommand({ ...where, Body: BODY });
  put.middlewareStack.add(
    (next) => async (args) => {
      // The signer uses this header, if it exists, as the hash of the payload.
      const { headers } = args.request as { headers: Record<string, string> };
      headers["x-amz-content-sha256"] = createHash("sha256").update("something else").digest("hex");
      return await next(args);
    },
    { step: "build", name: "wrongPayloadHash" },
  );
  try {
    await client.send(put);
  } catch (error) {
    if (REFUSALS.has((error as Error).name)) return true;
    throw error;
  }
  await client.send(new DeleteObjectCommand(where));
  return false;
}

/**
 * Error codes of stores for bytes that do not match,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
 */
const REFUSALS = new Set([
  "XAmzContentSHA256Mismatch",
  "BadDigest",
  "InvalidDigest",
  "XAmzContentChecksumMismatch",
]);

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
