import { assertEquals, assertRejects } from "@std/assert";
import { HeadBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { type S3Server, startS3 } from "./mod.ts";
import { buffered, clientOf, codeOf, presign, send } from "./testing.ts";

const MINUTE_SECONDS = 60;

Deno.test("checkSignature() accepts a signature in a header", async () => {
  await using s3 = await startS3();
  const response = await send(s3, { method: "PUT", key: "a/b", body: "content" });
  assertEquals(response.status, 200);
});

Deno.test("checkSignature() takes characters of every kind in a query", async () => {
  await using s3 = await startS3();
  const query = { "list-type": "2", prefix: "a b+c&d=é'(*)!~/" };
  const response = await send(s3, { method: "GET", query });
  assertEquals(response.status, 200);
});

Deno.test("checkSignature() refuses a request without a signature", async () => {
  await using s3 = await startS3();
  assertEquals(
    await codeOf(await fetch(`${s3.endpoint}/skerry/a`, { method: "PUT", body: "a" })),
    "AccessDenied",
  );
});

Deno.test("checkSignature() refuses another secret, key id or region", async () => {
  await using s3 = await startS3();
  const { accessKeyId, secretAccessKey } = s3.credentials;
  assertEquals(
    await refusal({ ...s3, credentials: { accessKeyId, secretAccessKey: "other" } }),
    "SignatureDoesNotMatch",
  );
  assertEquals(
    await refusal({ ...s3, credentials: { accessKeyId: "other", secretAccessKey } }),
    "InvalidAccessKeyId",
  );
  assertEquals(await refusal({ ...s3, region: "eu-west-1" }), "AuthorizationHeaderMalformed");
});

async function refusal(s3: S3Server): Promise<string> {
  return await codeOf(await send(s3, { method: "PUT", key: "a", body: "a" }));
}

Deno.test("checkSignature() refuses a request whose path or header is not the one signed", async () => {
  await using s3 = await startS3();
  const url = await presign(s3, { method: "GET", key: "mine" }, { expiresIn: MINUTE_SECONDS });
  const other = new URL(url);
  other.pathname = `/${s3.bucket}/yours`;
  assertEquals(await codeOf(await fetch(other)), "SignatureDoesNotMatch");
  assertEquals(await codeOf(await fetch(url, { headers: { "x-amz-meta-a": "b" } })), "AccessDenied");
  assertEquals(await codeOf(await fetch(url)), "NoSuchKey");
});

Deno.test("checkSignature() takes a signed URL until it expires", async () => {
  await using s3 = await startS3();
  const request = { method: "PUT", key: "a" };
  const before = (seconds: number) => new Date(Date.now() - seconds * 1000);
  const good = await presign(s3, request, {
    expiresIn: 20 * MINUTE_SECONDS,
    signingDate: before(19 * MINUTE_SECONDS),
  });
  const expired = await presign(s3, request, {
    expiresIn: MINUTE_SECONDS,
    signingDate: before(2 * MINUTE_SECONDS),
  });
  const early = await presign(s3, request, {
    expiresIn: MINUTE_SECONDS,
    signingDate: before(-20 * MINUTE_SECONDS),
  });
  assertEquals((await buffered(await fetch(good, { method: "PUT", body: "a" }))).status, 200);
  assertEquals(await codeOf(await fetch(expired, { method: "PUT", body: "a" })), "AccessDenied");
  assertEquals(await codeOf(await fetch(early, { method: "PUT", body: "a" })), "RequestTimeTooSkewed");
});

Deno.test("checkSignature() refuses a URL that is good for more than a week", async () => {
  await using s3 = await startS3();
  const url = await presign(s3, { method: "GET", key: "a" }, { expiresIn: 60 });
  url.searchParams.set("X-Amz-Expires", "604801");
  assertEquals(await codeOf(await fetch(url)), "AuthorizationQueryParametersError");
});

Deno.test("checkSignature() refuses a clock that is far off", async () => {
  await using s3 = await startS3();
  const client = new S3Client({ ...optionsOf(s3), systemClockOffset: -16 * MINUTE_SECONDS * 1000 });
  await assertRejects(() => client.send(new ListObjectsV2Command({ Bucket: s3.bucket })), Error, "too large");
  await clientOf(s3).send(new HeadBucketCommand({ Bucket: s3.bucket }));
});

function optionsOf({ endpoint, region, credentials }: S3Server) {
  const requestHandler = new FetchHttpHandler();
  return { endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1, requestHandler };
}
