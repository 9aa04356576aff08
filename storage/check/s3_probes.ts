import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { ObjectStore } from "../objects/mod.ts";
import { expect, type Probe } from "./probe.ts";
import { enforcesContent } from "./proven_content.ts";

/** Bucket under test, and a key prefix in it that no other process writes. */
export interface S3Subject {
  /** The driver. */
  objects: ObjectStore;
  /** Prefix of the keys that a probe writes by the driver. */
  prefix: string;
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
    async run({ objects, prefix }) {
      expect(
        await enforcesContent(objects, `${prefix}payload-hash`),
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

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
