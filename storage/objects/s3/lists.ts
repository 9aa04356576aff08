import { ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { Bucket } from "./bucket.ts";

/** Maximum entries of one answer: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html. */
const MAX_ENTRIES = 1000;

/** Keys that begin with `prefix`, in the order of their bytes, after `after`. What is not the store's is passed over. */
export async function listObjects(
  bucket: Bucket,
  prefix: string,
  { after, limit }: { after?: string; limit: number },
): Promise<string[]> {
  const client = await bucket.client();
  const keys: string[] = [];
  let StartAfter = after === undefined ? undefined : bucket.fullKey(after) || undefined;
  while (keys.length < limit) {
    const command = new ListObjectsV2Command({
      Bucket: bucket.name,
      Prefix: bucket.fullKey(prefix),
      StartAfter,
      MaxKeys: Math.min(limit - keys.length, MAX_ENTRIES),
    });
    const page = await bucket.call(
      "list",
      prefix,
      (abortSignal) => client.send(command, { abortSignal }),
    );
    const found = (page.Contents ?? []).map(({ Key = "" }) => Key);
    keys.push(...found.map((key) => bucket.keyOf(key)).filter((key) => key !== undefined));
    StartAfter = found.at(-1);
    if (!page.IsTruncated || StartAfter === undefined) break;
  }
  return keys;
}

/** An object or a folder that a list names. */
export interface ListedName {
  /** Last segment of the key. */
  name: string;
  /** Bytes of the object; absent for a folder. */
  size?: number;
}

/** Objects and folders directly below `prefix`, which is empty or ends in a slash. */
export async function* listFolder(bucket: Bucket, prefix: string): AsyncGenerator<ListedName> {
  const client = await bucket.client();
  const start = bucket.fullKey(prefix);
  let ContinuationToken: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket.name,
      Prefix: start,
      Delimiter: "/",
      MaxKeys: MAX_ENTRIES,
      ContinuationToken,
    });
    const page = await bucket.call(
      "list",
      prefix,
      (abortSignal) => client.send(command, { abortSignal }),
    );
    for (const { Prefix = "" } of page.CommonPrefixes ?? []) yield { name: Prefix.slice(start.length, -1) };
    for (const { Key = "", Size = 0 } of page.Contents ?? []) {
      // Some programs store an empty object for the folder itself.
      if (Key.length > start.length) yield { name: Key.slice(start.length), size: Size };
    }
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
}

/** Uploads that were begun under a key that begins with `prefix` and neither completed nor aborted. */
export async function listUploads(
  bucket: Bucket,
  prefix: string,
  limit: number,
): Promise<{ key: string; partsId: string }[]> {
  const client = await bucket.client();
  const uploads: { key: string; partsId: string }[] = [];
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  while (uploads.length < limit) {
    const command = new ListMultipartUploadsCommand({
      Bucket: bucket.name,
      Prefix: bucket.fullKey(prefix),
      MaxUploads: Math.min(limit - uploads.length, MAX_ENTRIES),
      ...after,
    });
    const page = await bucket.call(
      "list the parts of",
      prefix,
      (abortSignal) => client.send(command, { abortSignal }),
    );
    for (const { Key = "", UploadId: partsId } of page.Uploads ?? []) {
      const key = bucket.keyOf(Key);
      if (key !== undefined && partsId !== undefined) uploads.push({ key, partsId });
    }
    after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    if (!page.IsTruncated || !after.KeyMarker) break;
  }
  return uploads;
}
