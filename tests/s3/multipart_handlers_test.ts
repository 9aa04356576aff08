import { assertEquals, assertRejects } from "@std/assert";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type S3Server, type S3ServerOptions, startS3 } from "./mod.ts";
import { clientOf, codeOf, send, textOf } from "./testing.ts";

type Part = { PartNumber: number; ETag: string };

/** A multipart upload under the key "a", on a server whose parts have 4 bytes at least. */
async function begin(options: S3ServerOptions = { minPartSize: 4 }) {
  const s3 = await startS3(options);
  const client = clientOf(s3);
  const UploadId = await create(s3, "a");
  const target = { Bucket: s3.bucket, Key: "a", UploadId };
  return {
    s3,
    client,
    target,
    async part(PartNumber: number, Body: string): Promise<Part> {
      const { ETag } = await client.send(new UploadPartCommand({ ...target, PartNumber, Body }));
      return { PartNumber, ETag: ETag! };
    },
    complete: (...Parts: Part[]) =>
      client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } })),
    [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
  };
}

async function create(s3: S3Server, Key: string): Promise<string> {
  const { UploadId } = await clientOf(s3).send(new CreateMultipartUploadCommand({ Bucket: s3.bucket, Key }));
  return UploadId!;
}

async function failure(call: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => call, Error)).name;
}

Deno.test("completeMultipartUpload() joins parts that came in any order, the last of one number", async () => {
  await using upload = await begin();
  const third = await upload.part(7, "!");
  await upload.part(1, "wrong");
  const first = await upload.part(1, "hello");
  const second = await upload.part(2, " world");
  assertEquals(await codeOf(await send(upload.s3, { method: "GET", key: "a" })), "NoSuchKey");
  const { ETag } = await upload.complete(first, second, third);
  assertEquals(ETag, '"d2f6a115b1c5c8052648b6d2573f62cc-3"'); // MD5 of the MD5s of the parts
  assertEquals(await textOf(upload.s3, "a"), "hello world!");
  const headers = { range: "bytes=3-7" };
  assertEquals(await (await send(upload.s3, { method: "GET", key: "a", headers })).text(), "lo wo");
  const head = await upload.client.send(new HeadObjectCommand({ Bucket: upload.s3.bucket, Key: "a" }));
  assertEquals(head.ETag, ETag);
});

Deno.test("completeMultipartUpload() leaves out parts that it is not told", async () => {
  await using upload = await begin();
  const first = await upload.part(1, "1111");
  await upload.part(2, "2222");
  await upload.complete(first, await upload.part(3, "3"));
  assertEquals(await textOf(upload.s3, "a"), "11113");
});

Deno.test("completeMultipartUpload() refuses parts that are unknown, overwritten or out of order", async () => {
  await using upload = await begin();
  const overwritten = await upload.part(1, "1111");
  const [first, second] = [await upload.part(1, "1112"), await upload.part(2, "2")];
  assertEquals(await failure(upload.complete(overwritten, second)), "InvalidPart");
  assertEquals(await failure(upload.complete(first, { ...second, PartNumber: 3 })), "InvalidPart");
  assertEquals(await failure(upload.complete(second, first)), "InvalidPartOrder");
  assertEquals(await failure(upload.complete(first, first)), "InvalidPartOrder");
  assertEquals(await failure(upload.complete()), "MalformedXML");
  await upload.complete(first, second);
});

Deno.test("completeMultipartUpload() refuses a small part unless it is the last", async () => {
  await using upload = await begin();
  const [small, large] = [await upload.part(1, "123"), await upload.part(2, "1234")];
  assertEquals(await failure(upload.complete(small, large)), "EntityTooSmall");
  await upload.complete(small);
  assertEquals(await textOf(upload.s3, "a"), "123");
});

Deno.test("completeMultipartUpload() takes 5 MiB as the least by default", async () => {
  await using upload = await begin({});
  const least = "x".repeat(5 * 1024 * 1024);
  const [short, exact] = [await upload.part(1, least.slice(1)), await upload.part(2, least)];
  const last = await upload.part(3, "x");
  assertEquals(await failure(upload.complete(short, last)), "EntityTooSmall");
  await upload.complete(exact, last);
});

Deno.test("completeMultipartUpload() demands equal parts when the store does", async () => {
  await using upload = await begin();
  upload.s3.quirks.equalParts = true;
  const [four, five] = [await upload.part(1, "1111"), await upload.part(2, "22222")];
  const [fourAgain, last] = [await upload.part(3, "3333"), await upload.part(4, "4")];
  assertEquals(await failure(upload.complete(four, five, last)), "InvalidPart");
  assertEquals(await failure(upload.complete(four, five)), "InvalidPart");
  await upload.complete(four, fourAgain, last);
});

Deno.test("completeMultipartUpload() answers a second one as the first", async () => {
  await using upload = await begin();
  const part = await upload.part(1, "1");
  const { ETag } = await upload.complete(part);
  assertEquals((await upload.complete(part)).ETag, ETag);
});

Deno.test("completeMultipartUpload() knows no completed upload when the store forgets them", async () => {
  await using upload = await begin();
  upload.s3.quirks.noSuchUploadOnSecondComplete = true;
  const part = await upload.part(1, "1");
  await upload.complete(part);
  assertEquals(await failure(upload.complete(part)), "NoSuchUpload");
  assertEquals(await textOf(upload.s3, "a"), "1");
});

Deno.test("completeMultipartUpload() does nothing and says so in a 200 when errors come in one", async () => {
  await using upload = await begin();
  upload.s3.quirks.errorIn200 = 1;
  const part = await upload.part(1, "1");
  const request = {
    method: "POST",
    key: "a",
    query: { uploadId: upload.target.UploadId },
    body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.ETag}</ETag></Part>` +
      "</CompleteMultipartUpload>",
  };
  const failed = await send(upload.s3, request);
  assertEquals(failed.status, 200);
  assertEquals(await codeOf(failed), "InternalError");
  assertEquals(await codeOf(await send(upload.s3, { method: "GET", key: "a" })), "NoSuchKey");
  await upload.complete(part);
  assertEquals(await textOf(upload.s3, "a"), "1");
});

Deno.test("completeMultipartUpload() writes on condition", async () => {
  await using upload = await begin();
  const part = await upload.part(1, "1");
  await send(upload.s3, { method: "PUT", key: "a", body: "earlier" });
  const input = { ...upload.target, MultipartUpload: { Parts: [part] }, IfNoneMatch: "*" };
  assertEquals(
    await failure(upload.client.send(new CompleteMultipartUploadCommand(input))),
    "PreconditionFailed",
  );
  assertEquals(await textOf(upload.s3, "a"), "earlier");
});

Deno.test("uploadPart() refuses a number out of range and an upload that is unknown", async () => {
  await using upload = await begin();
  const put = async (uploadId: string, partNumber: string, key = "a") =>
    await codeOf(await send(upload.s3, { method: "PUT", key, query: { uploadId, partNumber }, body: "1" }));
  const { UploadId } = upload.target;
  for (const number of ["0", "10001", "1.5", "x"]) {
    assertEquals(await put(UploadId, number), "InvalidArgument");
  }
  assertEquals(await put("other", "1"), "NoSuchUpload");
  assertEquals(await put(UploadId, "1", "b"), "NoSuchUpload");
});

Deno.test("abortMultipartUpload() forgets the upload", async () => {
  await using upload = await begin();
  const part = await upload.part(1, "1");
  const abort = () => upload.client.send(new AbortMultipartUploadCommand(upload.target));
  await abort();
  assertEquals(await failure(abort()), "NoSuchUpload");
  assertEquals(await failure(upload.complete(part)), "NoSuchUpload");
  assertEquals(await failure(upload.part(1, "1")), "NoSuchUpload");
});

Deno.test("listParts() pages in the order of the numbers", async () => {
  await using upload = await begin();
  const parts = [await upload.part(10, "10"), await upload.part(9, "9"), await upload.part(2, "two")];
  const list = (input: object) => upload.client.send(new ListPartsCommand({ ...upload.target, ...input }));
  const first = await list({ MaxParts: 2 });
  assertEquals(first.Parts?.map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag]), [
    [2, 3, parts[2]!.ETag],
    [9, 1, parts[1]!.ETag],
  ]);
  assertEquals([first.IsTruncated, first.NextPartNumberMarker], [true, "9"]);
  const second = await list({ PartNumberMarker: "9" });
  assertEquals(second.Parts?.map(({ PartNumber }) => PartNumber), [10]);
  assertEquals(second.IsTruncated, false);
});

Deno.test("listMultipartUploads() lists in pages the uploads that are neither completed nor aborted", async () => {
  await using upload = await begin();
  const { s3, client } = upload;
  const [b1, b2, c] = [await create(s3, "b/1"), await create(s3, "b/1"), await create(s3, "b/2")];
  await upload.complete(await upload.part(1, "1"));
  const list = (input: object) =>
    client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket, ...input }));
  const all = await list({});
  assertEquals(all.Uploads?.map(({ Key, UploadId }) => [Key, UploadId]), [["b/1", b1], ["b/1", b2], [
    "b/2",
    c,
  ]]);
  const first = await list({ Prefix: "b/", MaxUploads: 1 });
  assertEquals([first.NextKeyMarker, first.NextUploadIdMarker], ["b/1", b1]);
  const rest = await list({ Prefix: "b/", KeyMarker: "b/1", UploadIdMarker: b1 });
  assertEquals(rest.Uploads?.map(({ UploadId }) => UploadId), [b2, c]);
  assertEquals((await list({ KeyMarker: "b/1" })).Uploads?.map(({ UploadId }) => UploadId), [c]);
  assertEquals((await list({ Prefix: "a" })).Uploads, undefined);
});
