import { assertEquals, assertRejects } from "@std/assert";
import {
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { startS3 } from "./mod.ts";
import { clientOf, codeOf, send } from "./testing.ts";

Deno.test("startS3() counts and logs requests until it is reset", async () => {
  await using s3 = await startS3();
  await send(s3, { method: "PUT", key: "a/b", body: "1" });
  await codeOf(await send(s3, { method: "GET", key: "none" }));
  await codeOf(await send(s3, { method: "GET", key: "none" }));
  assertEquals(s3.requests, { PutObject: 1, GetObject: 2 });
  assertEquals(s3.log, [
    { operation: "PutObject", key: "a/b", bytes: 1 },
    { operation: "GetObject", key: "none", bytes: 0 },
    { operation: "GetObject", key: "none", bytes: 0 },
  ]);
  s3.reset();
  assertEquals([s3.requests, s3.log], [{}, []]);
  assertEquals((await send(s3, { method: "HEAD", key: "a/b" })).status, 200);
});

Deno.test("startS3() answers 503 as often as it is slowed down", async () => {
  await using s3 = await startS3();
  s3.quirks.slowDown = 2;
  const body = "x".repeat(1_000_000);
  for (let i = 0; i < 2; i++) {
    const response = await send(s3, { method: "PUT", key: "a", body });
    assertEquals(response.status, 503);
    assertEquals(await codeOf(response), "SlowDown");
  }
  assertEquals((await send(s3, { method: "PUT", key: "a", body })).status, 200);
  assertEquals(s3.requests, { PutObject: 3 });
});

Deno.test("startS3() stores nothing while it is full, and reads and deletes all the same", async () => {
  await using s3 = await startS3();
  await send(s3, { method: "PUT", key: "a", body: "1" });
  const created = await send(s3, { method: "POST", key: "b", query: { uploads: "" } });
  const uploadId = /<UploadId>(\w+)</.exec(await created.text())![1]!;
  s3.quirks.storageFull = true;
  for (const query of [{}, { uploadId, partNumber: "1" }]) {
    const response = await send(s3, { method: "PUT", key: "b", query, body: "1" });
    assertEquals(response.status, 507);
    assertEquals(await codeOf(response), "XMinioStorageFull");
  }
  assertEquals(await (await send(s3, { method: "GET", key: "a" })).text(), "1");
  assertEquals((await send(s3, { method: "DELETE", key: "a" })).status, 204);
  s3.quirks.storageFull = false;
  assertEquals((await send(s3, { method: "PUT", key: "b", body: "1" })).status, 200);
});

Deno.test("startS3() has the configured bucket, and created ones", async () => {
  await using s3 = await startS3({ bucket: "first" });
  const client = clientOf(s3);
  await client.send(new HeadBucketCommand({ Bucket: "first" }));
  const { name } = await assertRejects(() => client.send(new HeadBucketCommand({ Bucket: "second" })), Error);
  assertEquals(name, "NotFound");
  assertEquals(
    await codeOf(await send({ ...s3, bucket: "second" }, { method: "GET", key: "a" })),
    "NoSuchBucket",
  );
  await client.send(new CreateBucketCommand({ Bucket: "second" }));
  assertEquals((await send({ ...s3, bucket: "second" }, { method: "PUT", key: "a", body: "1" })).status, 200);
  await client.send(new CreateBucketCommand({ Bucket: "second" })); // as AWS does it in the first region of all
  assertEquals((await send({ ...s3, bucket: "second" }, { method: "HEAD", key: "a" })).status, 200);
});

Deno.test("startS3() makes a bucket in its own region only, and once", async () => {
  await using s3 = await startS3({ region: "eu-west-1" });
  const make = async (LocationConstraint?: "eu-west-1" | "eu-west-2") => {
    const CreateBucketConfiguration = LocationConstraint && { LocationConstraint };
    const request = new CreateBucketCommand({ Bucket: "new", CreateBucketConfiguration });
    return await clientOf(s3).send(request).then(() => "made", (error: Error) => error.name);
  };
  assertEquals(await make("eu-west-2"), "IllegalLocationConstraintException");
  assertEquals(await make("eu-west-1"), "made");
  assertEquals(await make("eu-west-1"), "BucketAlreadyOwnedByYou");
});

Deno.test("startS3() keeps the configuration of a bucket", async () => {
  await using s3 = await startS3();
  const client = clientOf(s3);
  const Bucket = s3.bucket;
  const refusal = async (call: Promise<unknown>) => (await assertRejects(() => call, Error)).name;

  const getBlock = new GetPublicAccessBlockCommand({ Bucket });
  assertEquals(await refusal(client.send(getBlock)), "NoSuchPublicAccessBlockConfiguration");
  const PublicAccessBlockConfiguration = { BlockPublicAcls: true, RestrictPublicBuckets: false };
  await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  const block = await client.send(getBlock);
  assertEquals(block.PublicAccessBlockConfiguration, PublicAccessBlockConfiguration);

  const getRules = new GetBucketLifecycleConfigurationCommand({ Bucket });
  assertEquals(await refusal(client.send(getRules)), "NoSuchLifecycleConfiguration");
  const Rules = [{
    ID: "a",
    Status: "Enabled" as const,
    Filter: { Prefix: "" },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
  }];
  const LifecycleConfiguration = { Rules };
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  assertEquals((await client.send(getRules)).Rules, Rules);
  const malformed = await send(s3, { method: "PUT", query: { publicAccessBlock: "" }, body: "<Other/>" });
  assertEquals(await codeOf(malformed), "MalformedXML");
});

Deno.test("startS3() rejects operations that it does not have", async () => {
  await using s3 = await startS3();
  const unknown = [
    { method: "GET", key: "a", query: { acl: "" } },
    { method: "GET", query: { "list-type": "1" } },
    { method: "GET", query: { "list-type": "2", "fetch-owner": "true" } },
    { method: "PUT", key: "a", headers: { "x-amz-copy-source": "b" } },
    { method: "PUT", key: "a", headers: { "if-none-match": '"etag"' } },
  ];
  for (const request of unknown) assertEquals(await codeOf(await send(s3, request)), "NotImplemented");
  assertEquals(await codeOf(await fetch(`${s3.endpoint}/skerry/%ff`)), "InvalidURI");
});

Deno.test("startS3() stores nothing of a body that its client never ends", async () => {
  await using s3 = await startS3();
  const half = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    pull: (controller) => controller.error(new Error("The client goes away")),
  });
  const headers = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-decoded-content-length": "20",
  };
  await assertRejects(() => send(s3, { method: "PUT", key: "a", headers, body: half }));
  assertEquals(await codeOf(await send(s3, { method: "GET", key: "a" })), "NoSuchKey");
});
