// Requests without a body, held against those of the AWS SDK.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { makeClient } from "./client.ts";
import { S3Error } from "./errors.ts";
import type { S3ObjectStore } from "./s3_object_store.ts";
import { makeStub } from "./testing/mod.ts";

const UPLOAD_ID = "2~a/b+c=&d";
const AT = { Bucket: "skerry", Key: "a/b" };

/** Each request, by the driver and by the SDK. */
const REQUESTS: [
  string,
  (store: S3ObjectStore) => Promise<unknown>,
  (client: S3Client) => Promise<unknown>,
][] = [
  ["HEAD", (store) => store.size("a/b"), (client) => client.send(new HeadObjectCommand(AT))],
  ["POST", (store) => store.startParts("a/b"), (client) => client.send(new CreateMultipartUploadCommand(AT))],
  [
    "DELETE",
    (store) => store.abortParts("a/b", UPLOAD_ID),
    (client) => client.send(new AbortMultipartUploadCommand({ ...AT, UploadId: UPLOAD_ID })),
  ],
  ["DELETE", (store) => store.delete(["a/b"]), (client) => client.send(new DeleteObjectCommand(AT))],
];

function respond({ method }: Request): Response {
  if (method === "DELETE") return new Response(null, { status: 204 });
  const id = UPLOAD_ID.replace("&", "&amp;");
  const body = `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
  return new Response(method === "HEAD" ? null : body, { headers: { "content-length": `${body.length}` } });
}

for (const [method, byDriver, bySdk] of REQUESTS) {
  Deno.test(`S3ObjectStore sends the same ${method} as the AWS SDK: ${byDriver}`, async () => {
    const seen: { method: string; path: string; query: [string, string][]; hash: string | null }[] = [];
    await using stub = await makeStub((request) => {
      const { pathname, searchParams } = new URL(request.url);
      seen.push({
        method: request.method,
        path: pathname,
        // The SDK names the operation in the query, which S3 ignores.
        query: [...searchParams].filter(([name]) => name !== "x-id").sort(),
        hash: request.headers.get("x-amz-content-sha256"),
      });
      return respond(request);
    });
    await byDriver(stub.store);
    const client = makeClient({ region: "us-east-1", endpoint: stub.url, pathStyle: true });
    await bySdk(client);
    client.destroy();
    assertEquals(seen.length, 2);
    assertEquals(seen[0], seen[1]);
  });
}

Deno.test("S3ObjectStore startParts() reads an id with escaped characters", async () => {
  await using stub = await makeStub(respond);
  assertEquals(await stub.store.startParts("a/b"), UPLOAD_ID);
});

Deno.test("S3ObjectStore delete() of one object takes an absent one, and no other refusal", async () => {
  let code = "NoSuchKey";
  await using stub = await makeStub(() =>
    new Response(`<Error><Code>${code}</Code></Error>`, { status: 404 })
  );
  await stub.store.delete(["a"]);
  code = "NoSuchBucket";
  const error = await assertRejects(() => stub.store.delete(["a"]), S3Error);
  assertEquals(error.code, "NoSuchBucket");
});

Deno.test("S3ObjectStore signs again by the store's clock when its own is wrong", async () => {
  const dates: string[] = [];
  await using stub = await makeStub((request) => {
    dates.push((request.headers.get("x-amz-date") ?? new URL(request.url).searchParams.get("X-Amz-Date"))!);
    if (dates.length % 2 === 0) return respond(request);
    return new Response("<Error><Code>RequestTimeTooSkewed</Code></Error>", {
      status: 403,
      headers: { date: new Date(Date.UTC(2090 + dates.length, 0, 2)).toUTCString() },
    });
  });
  await stub.store.startParts("a");
  const object = await stub.store.get("b");
  await object?.body.cancel();
  assertEquals(dates.map((date) => date.slice(0, 4)).slice(1), ["2091", "2091", "2093"]);
  assert(dates[0]! < "2091");
});
