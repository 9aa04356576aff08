/**
 * Stored state of a registry, read directly: the same view of a data folder and of a bucket with a table.
 *
 * @module
 */

import { type AttributeValue, paginateScan } from "@aws-sdk/client-dynamodb";
import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  paginateListParts,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { dynamoDbClient, s3Client } from "../services/mod.ts";
import type { AwsStores } from "./aws_stores.ts";

/** An item of the table. */
export interface StoredItem {
  readonly pk: string;
  readonly sk: string;
  readonly attributes: Record<string, unknown>;
  /** All of it, its version and its bytes too. */
  readonly text: string;
}

/** An object, or what of one is not finished. */
export interface StoredFile {
  /** `<key>.object` for whole objects, and something else that begins with the key for all others. */
  readonly path: string;
  /** Another one for another content. */
  fingerprint(): Promise<string>;
}

/** All that is stored. */
export interface Stored {
  items(): Promise<StoredItem[]>;
  files(): Promise<StoredFile[]>;
}

/** State of a data folder. */
export function storedInFolder(data: string): Stored {
  return {
    // deno-lint-ignore require-await -- the same interface as for a table elsewhere
    async items() {
      const database = new DatabaseSync(`${data}/table.sqlite`, { readOnly: true });
      try {
        return database.prepare("SELECT * FROM item").all().map((row) => ({
          pk: String(row.pk),
          sk: String(row.sk),
          attributes: JSON.parse(String(row.attributes)),
          text: JSON.stringify(row),
        }));
      } finally {
        database.close();
      }
    },
    files: () => Array.fromAsync(walk(`${data}/objects`, "")),
  };
}

/** Every file below the folder, and every folder of parts, even an empty one; those of keys are few and stay. */
async function* walk(root: string, folder: string): AsyncGenerator<StoredFile> {
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    const path = folder + name;
    if (isDirectory && name.includes(".")) yield { path, fingerprint: () => Promise.resolve("") };
    if (isDirectory) yield* walk(root, `${path}/`);
    else yield { path, fingerprint: async () => hash(await Deno.readFile(`${root}/${path}`)) };
  }
}

/** State of a bucket and a table. */
export function storedInAws(stores: AwsStores): Stored {
  return {
    async items() {
      const client = dynamoDbClient(stores.dynamoDb.endpoint);
      const items: StoredItem[] = [];
      const input = { TableName: stores.table, ConsistentRead: true };
      for await (const { Items = [] } of paginateScan({ client }, input)) items.push(...Items.map(toItem));
      return items;
    },
    async files() {
      const [objects, parts] = [listObjects(stores), listParts(stores)];
      return [...await Array.fromAsync(objects), ...await Array.fromAsync(parts)];
    },
  };
}

function toItem(row: Record<string, AttributeValue>): StoredItem {
  return {
    pk: row.pk?.S ?? "",
    sk: row.sk?.S ?? "",
    attributes: JSON.parse(row.attributes?.S ?? "{}"),
    text: JSON.stringify(Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1)),
  };
}

async function* listObjects({ s3, bucket }: AwsStores): AsyncGenerator<StoredFile> {
  const client = s3Client(s3.endpoint);
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket })) {
    for (const { Key = "" } of Contents) {
      yield {
        path: `${Key}.object`,
        async fingerprint() {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
          return hash(await Body!.transformToByteArray());
        },
      };
    }
  }
}

async function* listParts({ s3, bucket }: AwsStores): AsyncGenerator<StoredFile> {
  const client = s3Client(s3.endpoint);
  const { Uploads = [], IsTruncated } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: bucket }),
  );
  if (IsTruncated) throw new RangeError(`Cannot list more than ${Uploads.length} multipart uploads`);
  for (const { Key, UploadId } of Uploads) {
    const path = `${Key}.upload/${UploadId}`;
    yield { path, fingerprint: () => Promise.resolve("") };
    const input = { Bucket: bucket, Key, UploadId };
    for await (const { Parts = [] } of paginateListParts({ client }, input)) {
      for (const { PartNumber, ETag, Size } of Parts) {
        yield { path: `${path}/${PartNumber}`, fingerprint: () => Promise.resolve(`${ETag} ${Size}`) };
      }
    }
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
