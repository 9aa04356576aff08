import { assertEquals, assertRejects } from "@std/assert";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { type S3Server, startS3 } from "./mod.ts";
import { clientOf, codeOf, presign, send, textOf } from "./testing.ts";

async function put(s3: S3Server, ...keys: string[]): Promise<void> {
  for (const Key of keys) {
    await clientOf(s3).send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body: "0123456789" }));
  }
}

async function list(s3: S3Server, input: Partial<ListObjectsV2Command["input"]> = {}) {
  const page = await clientOf(s3).send(new ListObjectsV2Command({ Bucket: s3.bucket, ...input }));
  return { keys: page.Contents?.map(({ Key }) => Key) ?? [], next: page.NextContinuationToken };
}

Deno.test("putObject() keeps content, type and entity tag, and overwrites", async () => {
  await using s3 = await startS3();
  await put(s3, "a");
  const headers = { "content-type": "text/plain" };
  await send(s3, { method: "PUT", key: "a", headers, body: "later" });
  const head = await send(s3, { method: "HEAD", key: "a" });
  assertEquals(head.headers.get("content-type"), "text/plain");
  assertEquals(head.headers.get("content-length"), "5");
  assertEquals(head.headers.get("etag"), '"c18788c2f274c779da72d9854ea4bfbf"'); // MD5 of "later"
  assertEquals(await textOf(s3, "a"), "later");
});

Deno.test("putObject() writes on condition, unless conditions are ignored", async () => {
  await using s3 = await startS3();
  const once = { method: "PUT", key: "a", headers: { "if-none-match": "*" } };
  assertEquals((await send(s3, { ...once, body: "first" })).status, 200);
  const second = await send(s3, { ...once, body: "second" });
  assertEquals(second.status, 412);
  assertEquals(await codeOf(second), "PreconditionFailed");
  const other = { method: "PUT", key: "a", headers: { "if-match": '"other"' }, body: "third" };
  assertEquals(await codeOf(await send(s3, other)), "PreconditionFailed");
  assertEquals(await codeOf(await send(s3, { ...other, key: "none" })), "NoSuchKey");
  assertEquals(await textOf(s3, "a"), "first");
  s3.quirks.ignoresConditions = true;
  assertEquals((await send(s3, { ...once, body: "second" })).status, 200);
  assertEquals(await textOf(s3, "a"), "second");
});

Deno.test("getObject() answers a range of every kind", async () => {
  await using s3 = await startS3();
  await put(s3, "a");
  const expected: [range: string, content: string, contentRange: string][] = [
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=4-6", "456", "bytes 4-6/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=-20", "0123456789", "bytes 0-9/10"],
    ["bytes=8-99", "89", "bytes 8-9/10"],
  ];
  for (const [range, content, contentRange] of expected) {
    const response = await send(s3, { method: "GET", key: "a", headers: { range } });
    assertEquals(response.status, 206);
    assertEquals(response.headers.get("content-range"), contentRange);
    assertEquals(response.headers.get("content-length"), `${content.length}`);
    assertEquals(await response.text(), content);
  }
});

Deno.test("getObject() rejects a range outside of the object, and ignores a malformed one", async () => {
  await using s3 = await startS3();
  await put(s3, "a");
  for (const range of ["bytes=10-", "bytes=10-12", "bytes=-0"]) {
    const response = await send(s3, { method: "GET", key: "a", headers: { range } });
    assertEquals(response.status, 416);
    assertEquals(response.headers.get("content-range"), "bytes */10");
    assertEquals(await codeOf(response), "InvalidRange");
  }
  for (const range of ["bytes=-", "bytes=3-1", "bytes=0-1,4-5", "lines=1-2"]) {
    const response = await send(s3, { method: "GET", key: "a", headers: { range } });
    assertEquals(response.status, 200);
    assertEquals(await response.text(), "0123456789");
  }
});

Deno.test("getObject() answers a range only while If-Range is the entity tag", async () => {
  await using s3 = await startS3();
  await put(s3, "a");
  const range = "bytes=7-";
  const etag = (await send(s3, { method: "HEAD", key: "a" })).headers.get("etag")!;
  const same = await send(s3, { method: "GET", key: "a", headers: { range, "if-range": etag } });
  assertEquals([same.status, await same.text()], [206, "789"]);
  const other = await send(s3, { method: "GET", key: "a", headers: { range, "if-range": '"other"' } });
  assertEquals([other.status, await other.text()], [200, "0123456789"]);
});

Deno.test("getObject() breaks off in the middle when bodies are cut", async () => {
  await using s3 = await startS3({ quirks: { cutBodies: 1 } });
  await put(s3, "a");
  const response = await fetch(await presign(s3, { method: "GET", key: "a" }, { expiresIn: 60 }));
  assertEquals(response.headers.get("content-length"), "10");
  await assertRejects(() => response.text());
  assertEquals(await textOf(s3, "a"), "0123456789");
});

Deno.test("headObject() answers an absent key without a body", async () => {
  await using s3 = await startS3();
  const response = await send(s3, { method: "HEAD", key: "a" });
  assertEquals(response.status, 404);
  assertEquals(await response.text(), "");
});

Deno.test("deleteObject() and deleteObjects() delete, absent keys too", async () => {
  await using s3 = await startS3();
  await put(s3, "a", "b&<c>", "d");
  const Bucket = s3.bucket;
  await clientOf(s3).send(new DeleteObjectCommand({ Bucket, Key: "a" }));
  await clientOf(s3).send(new DeleteObjectCommand({ Bucket, Key: "a" }));
  const Objects = [{ Key: "b&<c>" }, { Key: "none" }];
  const { Deleted, Errors } = await clientOf(s3).send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
  );
  assertEquals([Deleted, Errors], [Objects, undefined]);
  const quiet = await clientOf(s3).send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
  );
  assertEquals(quiet.Deleted, undefined);
  assertEquals((await list(s3)).keys, ["d"]);
});

Deno.test("deleteObjects() deletes nothing and says so in a 200 when errors come in one", async () => {
  await using s3 = await startS3({ quirks: { errorIn200: 1 } });
  await put(s3, "a");
  const request = new DeleteObjectsCommand({ Bucket: s3.bucket, Delete: { Objects: [{ Key: "a" }] } });
  const { Errors, $metadata } = await clientOf(s3).send(request);
  assertEquals(Errors?.map(({ Key, Code }) => [Key, Code]), [["a", "InternalError"]]);
  assertEquals($metadata.httpStatusCode, 200);
  assertEquals((await list(s3)).keys, ["a"]);
  assertEquals((await clientOf(s3).send(request)).Errors, undefined);
  assertEquals((await list(s3)).keys, []);
});

Deno.test("deleteObjects() rejects a malformed list of keys", async () => {
  await using s3 = await startS3();
  const headers = { "x-amz-checksum-crc32c": "not looked at" };
  for (const body of ["", "<Delete>", "<Delete></Delete>", "<Other/>", "<Delete><Object/></Delete>"]) {
    const response = await send(s3, { method: "POST", query: { delete: "" }, headers, body });
    assertEquals(await codeOf(response), "MalformedXML");
  }
});

Deno.test("listObjects() orders by UTF-8 bytes", async () => {
  await using s3 = await startS3();
  await put(s3, "\u{1F600}", "b", "\uFFFD", "a/b", "a-b", "B");
  // As strings of UTF-16 the last two are the other way round.
  assertEquals((await list(s3)).keys, ["B", "a-b", "a/b", "b", "\uFFFD", "\u{1F600}"]);
});

Deno.test("listObjects() pages below a prefix and after a key", async () => {
  await using s3 = await startS3();
  await put(s3, "a/1", "a/2", "a/3", "a/4", "b/1");
  assertEquals((await list(s3, { Prefix: "a/", StartAfter: "a/1" })).keys, ["a/2", "a/3", "a/4"]);
  const first = await list(s3, { Prefix: "a/", StartAfter: "a/1", MaxKeys: 2 });
  assertEquals(first.keys, ["a/2", "a/3"]);
  const second = await list(s3, {
    Prefix: "a/",
    StartAfter: "a/1",
    MaxKeys: 2,
    ContinuationToken: first.next,
  });
  assertEquals(second, { keys: ["a/4"], next: undefined });
});

Deno.test("listObjects() refuses a token or a size of page that is none", async () => {
  await using s3 = await startS3();
  for (const query of [{ "continuation-token": "!" }, { "max-keys": "-1" }]) {
    const response = await send(s3, { method: "GET", query: { "list-type": "2", ...query } });
    assertEquals(await codeOf(response), "InvalidArgument");
  }
});
