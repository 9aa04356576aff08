import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { type RegistryProcess, startRegistry } from "../tests/harness/registry_process.ts";
import { type Operation, startS3 } from "../tests/s3/mod.ts";
import { createTable, CREDENTIALS, CREDENTIALS_ENV, REGION, startDynalite } from "../tests/services/mod.ts";

/** The action that an operation of S3 takes, https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html. */
const S3_ACTIONS: Partial<Record<Operation, string>> = {
  GetObject: "s3:GetObject object",
  HeadObject: "s3:GetObject object",
  PutObject: "s3:PutObject object",
  CreateMultipartUpload: "s3:PutObject object",
  UploadPart: "s3:PutObject object",
  CompleteMultipartUpload: "s3:PutObject object",
  AbortMultipartUpload: "s3:AbortMultipartUpload object",
  DeleteObject: "s3:DeleteObject object",
  DeleteObjects: "s3:DeleteObject object",
  ListObjectsV2: "s3:ListBucket bucket",
  ListMultipartUploads: "s3:ListBucketMultipartUploads bucket",
};

/** Time in which the sweep and the collector come to everything, in milliseconds. */
const UPKEEP_LIMIT_MS = 60_000;

/** Resource of an ARN of the policy. */
const RESOURCES: Record<string, string> = {
  "arn:aws:s3:::BUCKET/PREFIX*": "object",
  "arn:aws:s3:::BUCKET": "bucket",
  "arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE": "table",
  "arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/index/item-index": "index",
};

/** A DynamoDB in front of another one, which tells what it was asked for: each action and what it was for. */
function recordTable(endpoint: string): AsyncDisposable & { endpoint: string; calls: Set<string> } {
  const calls = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const action = request.headers.get("x-amz-target")?.split(".")[1];
    const body = await request.text();
    const { IndexName } = JSON.parse(body) as { IndexName?: string };
    calls.add(`dynamodb:${action} ${IndexName === undefined ? "table" : "index"}`);
    const headers = new Headers(request.headers);
    headers.delete("host");
    return await fetch(endpoint, { method: "POST", headers, body });
  });
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    calls,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The policy as pairs of an action and what it may be done to. */
async function readPolicy(): Promise<Set<string>> {
  const policy = JSON.parse(await Deno.readTextFile(new URL("iam-policy.json", import.meta.url))) as {
    Statement: { Effect: string; Action: string | string[]; Resource: string }[];
  };
  return new Set(policy.Statement.flatMap(({ Effect, Action, Resource }) => {
    assertEquals(Effect, "Allow");
    return [Action].flat().map((action) => `${action} ${RESOURCES[Resource] ?? Resource}`);
  }));
}

Deno.test("iam-policy.json allows exactly the requests of serving", async () => {
  await using s3 = await startS3({ credentials: CREDENTIALS });
  await using dynalite = await startDynalite();
  await createTable(dynalite.endpoint, "registry");
  await using table = recordTable(dynalite.endpoint);
  const policy = await readPolicy();
  const made = () => {
    const actions = Object.keys(s3.requests).map((name) => S3_ACTIONS[name as Operation] ?? name);
    return new Set([...actions, ...table.calls]);
  };
  {
    await using registry = await startRegistry({
      env: {
        ...CREDENTIALS_ENV,
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
        SKERRY_STORAGE: "aws",
        SKERRY_S3_BUCKET: s3.bucket,
        SKERRY_S3_PATH_STYLE: "on",
        SKERRY_S3_PART_SIZE: "5MiB",
        SKERRY_DYNAMODB_TABLE: "registry",
        SKERRY_UPLOAD_EXPIRY: "10s",
        SKERRY_GRACE: "20s",
        SKERRY_DEADLINE: "2500ms",
        SKERRY_SWEEP_INTERVAL: "200ms",
        SKERRY_COLLECT_INTERVAL: "200ms",
      },
    });
    await useAll(registry);
    // The abandoned upload is removed by the sweep or by the collector, which scans as well.
    const isClean = () => ["Sweep removed expired uploads", "Garbage collection removed"].some(isLogged);
    const isLogged = (message: string) => registry.log().includes(message);
    const until = Date.now() + UPKEEP_LIMIT_MS;
    while ((!isClean() || policy.difference(made()).size > 0) && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  assertEquals([...made()].toSorted(), [...policy].toSorted());
});

/** Pushes, pulls, lists and deletes whatever there is, in every way that has calls of its own. */
async function useAll({ url, log }: RegistryProcess): Promise<void> {
  const request = async (method: string, path: string, init: RequestInit = {}, status = 200) => {
    const response = await fetch(url + path, { method, ...init });
    const text = await response.text();
    assertEquals(response.status, status, `${method} ${path}: ${text}\n${log()}`);
    return response.headers.get("Location") ?? "";
  };
  const start = () => request("POST", "/v2/a/blobs/uploads/", {}, 202);
  const small = new Uint8Array(1000);
  const large = new Uint8Array(2 << 20); // of known digest: streamed
  const parts = new Uint8Array(11 << 20); // in chunks: parts
  for (const body of [small, large]) {
    await request("PUT", `${await start()}?digest=${digestOf(body)}`, { body }, 201);
  }
  let upload = await start();
  for (const begin of [0, 6 << 20]) {
    upload = await request(
      "PATCH",
      upload,
      { body: parts.slice(begin, begin === 0 ? 6 << 20 : undefined) },
      202,
    );
  }
  await request("PUT", `${upload}?digest=${digestOf(parts)}`, {}, 201);
  await request("POST", `/v2/b/blobs/uploads/?mount=${digestOf(small)}&from=a`, {}, 201);
  // Two uploads that never end: one is cancelled, the other expires.
  for (const end of ["DELETE", undefined]) {
    const begun = await request("PATCH", await start(), { body: parts.slice(0, 6 << 20) }, 202);
    if (end !== undefined) await request(end, begun, {}, 204);
  }
  const blob = `/v2/a/blobs/${digestOf(parts)}`;
  for (const method of ["HEAD", "GET"]) await request(method, blob);
  const descriptor = { mediaType: "application/octet-stream", digest: digestOf(small), size: small.length };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = (fill: string) =>
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType, artifactType: "application/x-test" },
      ...{ config: descriptor, layers: [descriptor], annotations: { fill } },
    });
  for (const [tag, body] of [["small", manifest("")], ["large", manifest("a".repeat(300_000))]] as const) {
    const path = `/v2/a/manifests/${tag}`;
    await request("PUT", path, { body, headers: { "Content-Type": mediaType } }, 201);
    await request("GET", path);
    await request("DELETE", `/v2/a/manifests/${digestOf(new TextEncoder().encode(body))}`, {}, 202);
  }
  for (const path of ["/readyz", "/v2/_catalog", `/v2/a/referrers/${digestOf(small)}`]) {
    await request("GET", path);
  }
  await request("DELETE", blob, {}, 202);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
