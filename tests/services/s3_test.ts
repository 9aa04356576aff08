import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  NoSuchBucket,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { assertEquals, assertRejects } from "@std/assert";
import { startRadosGw } from "./radosgw.ts";
import { createBucket, s3Client } from "./stores.ts";
import { startVersityGw } from "./versitygw.ts";

const BUCKET = "bucket";

/** Least bytes of a part that is not the last. */
const PART_BYTES = 5 * 1024 * 1024;

async function get(client: S3Client, key: string, range?: string): Promise<Uint8Array> {
  const input = { Bucket: BUCKET, Key: key, ...(range === undefined ? {} : { Range: range }) };
  const { Body } = await client.send(new GetObjectCommand(input));
  return await Body!.transformToByteArray();
}

/** Puts an object of these parts. */
async function putParts(client: S3Client, key: string, parts: Uint8Array[]): Promise<void> {
  const object = { Bucket: BUCKET, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const upload = { ...object, UploadId: UploadId! };
  const Parts = [];
  for (const [index, Body] of parts.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
}

for (const start of [startVersityGw, startRadosGw]) {
  Deno.test(`${start.name}() gives an S3 server until it is disposed of`, async () => {
    let endpoint: string, status: Promise<Deno.CommandStatus>;
    {
      await using service = await start();
      ({ endpoint, status } = service);
      const client = s3Client(endpoint);
      const put = () => client.send(new PutObjectCommand({ Bucket: BUCKET, Key: "a/b", Body: "content" }));
      await assertRejects(put, NoSuchBucket);
      await createBucket(endpoint, BUCKET);
      await put();
      assertEquals(new TextDecoder().decode(await get(client, "a/b", "bytes=3-4")), "te");
      await putParts(client, "a/c", [new Uint8Array(PART_BYTES).fill(1), new Uint8Array(7).fill(2)]);
      assertEquals(
        await get(client, "a/c", `bytes=${PART_BYTES - 1}-`),
        Uint8Array.of(1, ...Array(7).fill(2)),
      );
    }
    await status;
    await assertRejects(() => fetch(endpoint), TypeError);
  });
}
