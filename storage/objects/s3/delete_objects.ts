import { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import type { Bucket } from "./bucket.ts";
import { S3Error } from "./errors.ts";

/** Maximum keys of one request: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html. */
const MAX_KEYS = 1000;

/** Deletes the objects; absent ones are fine. */
export async function deleteObjects(bucket: Bucket, keys: string[]): Promise<void> {
  for (let i = 0; i < keys.length; i += MAX_KEYS) {
    const some = keys.slice(i, i + MAX_KEYS);
    const left = new Set(some.map((key) => bucket.fullKey(key)));
    await bucket.call("delete", some.join('", "'), (signal) => deleteSome(bucket, left, signal));
  }
}

/**
 * Deletes keys and removes them from `left`, so that a retry continues with the rest.
 *
 * @throws {S3Error} if some keys remain: the status is 200, and the body has an error for each key.
 */
async function deleteSome(bucket: Bucket, left: Set<string>, abortSignal: AbortSignal): Promise<void> {
  const command = new DeleteObjectsCommand({
    Bucket: bucket.name,
    Delete: { Quiet: true, Objects: [...left].map((Key) => ({ Key })) },
  });
  const client = await bucket.client();
  const { Errors = [] } = await client.send(command, { abortSignal });
  const codes = new Map(Errors.map(({ Key = "", Code = "" }) => [Key, Code]));
  // Absent is fine, and S3 says nothing of it; others do.
  for (const key of left) if ((codes.get(key) ?? "NoSuchKey") === "NoSuchKey") left.delete(key);
  const [key] = left;
  if (key !== undefined) throw new S3Error("delete", key, { status: 200, code: codes.get(key) ?? "" });
}
