/**
 * Requests for an image as docs/costs.md lists them, counted at the stores behind the real drivers:
 * `registry/call_counts_test.ts` counts the calls to the ports.
 */
import { assertEquals } from "@std/assert";
import { type Interceptor, startInterceptor } from "../../storage/table/dynamodb/testing/interceptor.ts";
import {
  digestOf,
  manifestOf,
  pushBlob,
  pushManifest,
  type Send,
  type TestManifest,
} from "../harness/content.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { type S3Server, startS3 } from "../s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../services/mod.ts";

const CONFIG = new TextEncoder().encode('{"architecture":"amd64","os":"linux"}');
const LAYER = crypto.getRandomValues(new Uint8Array(50_000));
const BLOBS = [CONFIG, LAYER];

const IMAGE = manifestOf({
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: digestOf(CONFIG),
    size: CONFIG.length,
  },
  layers: [{
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest: digestOf(LAYER),
    size: LAYER.length,
  }],
});

/** Requests of both stores, by operation. */
interface Requests {
  table: Record<string, number>;
  objects: Record<string, number>;
}

/** Both stores, and the requests to them since the last look. */
interface CountedStores extends AsyncDisposable {
  take(): Requests;
  /** Starts a process with empty caches. */
  startProcess(): Promise<Send>;
}

async function startStores(): Promise<CountedStores> {
  await using stack = new AsyncDisposableStack();
  const s3 = stack.use(await startS3());
  const dynamoDb = stack.use(await startDynalite());
  await createTable(dynamoDb.endpoint, "skerry-table");
  const counted = stack.use(await startInterceptor(dynamoDb.endpoint));
  const env = settings(s3, counted);
  const kept = stack.move();
  return {
    take() {
      const taken = { table: { ...counted.counts }, objects: { ...s3.requests } };
      for (const operation of Object.keys(counted.counts)) delete counted.counts[operation];
      s3.reset();
      return taken;
    },
    async startProcess() {
      const { url } = kept.use(await startRegistry({ env }));
      return (path, init) => fetch(url + path, init);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function settings(s3: S3Server, dynamoDb: Interceptor): Record<string, string> {
  return {
    ...CREDENTIALS_ENV,
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: s3.bucket,
    SKERRY_S3_PATH_STYLE: "on",
    // Background work would be counted too.
    SKERRY_S3_VERIFIES_CONTENT: "on",
    SKERRY_SWEEP_INTERVAL: "0",
    SKERRY_DYNAMODB_TABLE: "skerry-table",
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
  };
}

/** Sends a request that must succeed. Returns the body. */
async function bytesOf(send: Send, path: string, init?: RequestInit, status = 200): Promise<Uint8Array> {
  const response = await send(path, init);
  const bytes = await response.bytes();
  assertEquals(response.status, status, path);
  return bytes;
}

async function pushBlobs(send: Send): Promise<void> {
  for (const bytes of BLOBS) await pushBlob(send, "app", bytes);
}

async function pullManifest(send: Send, { bytes }: TestManifest): Promise<void> {
  assertEquals(await bytesOf(send, "/v2/app/manifests/latest"), bytes);
}

async function pullBlobs(send: Send): Promise<void> {
  for (const bytes of BLOBS) {
    assertEquals(await bytesOf(send, `/v2/app/blobs/${digestOf(bytes)}`), bytes);
  }
}

/** Asserts the requests of a push of a manifest. On a busy machine it takes long, and then reads the manifest again. */
function assertPush(pushed: Requests & { isPrompt: boolean }, expected: Record<string, number>): void {
  const { isPrompt, table, objects } = pushed;
  const { GetItem: reads = 0, ...others } = table;
  const { GetItem: expectedReads = 0, ...expectedOthers } = expected;
  assertEquals({ table: others, objects }, { table: expectedOthers, objects: {} }, "a push of a manifest");
  assertEquals(isPrompt ? reads : Math.min(reads, expectedReads), expectedReads, "reads of a push");
}

Deno.test("one image costs these requests at the stores themselves (docs/costs.md)", async () => {
  await using stores = await startStores();
  const { startProcess, take } = stores;
  const [first, second, third] = await Promise.all([startProcess(), startProcess(), startProcess()]);

  await pushBlobs(first);
  assertEquals(take(), {
    table: { PutItem: 8, GetItem: 2 },
    objects: { PutObject: 2 },
  }, "two blobs by POST and PUT");
  const pushImage = async (send: Send) => {
    const start = performance.now();
    await pushManifest(send, "app", IMAGE, "latest");
    return { isPrompt: performance.now() - start < 200, ...take() };
  };
  assertPush(await pushImage(first), { BatchWriteItem: 1, BatchGetItem: 1, PutItem: 3 });

  for (const bytes of BLOBS) await bytesOf(second, `/v2/app/blobs/${digestOf(bytes)}`, { method: "HEAD" });
  assertEquals(take(), { table: { BatchGetItem: 2 }, objects: {} }, "two HEADs that hit");
  assertPush(await pushImage(second), { BatchWriteItem: 1, BatchGetItem: 1, PutItem: 2, GetItem: 1 });
  await pushBlobs(second);
  assertEquals(take(), {
    table: { PutItem: 6, GetItem: 4 },
    objects: {},
  }, "the same blobs again, not stored");

  await pullManifest(third, IMAGE);
  assertEquals(
    take(),
    { table: { BatchGetItem: 1, GetItem: 1 }, objects: {} },
    "a manifest by its tag, cold",
  );
  await pullBlobs(third);
  assertEquals(take(), { table: { BatchGetItem: 2 }, objects: { GetObject: 2 } }, "two blobs");
  await pullManifest(third, IMAGE);
  assertEquals(take(), { table: { BatchGetItem: 1 }, objects: {} }, "a manifest by its tag, warm");
  assertEquals(await bytesOf(third, `/v2/app/manifests/${IMAGE.digest}`), IMAGE.bytes);
  assertEquals(take(), { table: { GetItem: 1 }, objects: {} }, "a manifest by its digest, warm");

  const mount = `/v2/other/blobs/uploads/?mount=${digestOf(LAYER)}&from=app`;
  await bytesOf(third, mount, { method: "POST" }, 201);
  assertEquals(take(), { table: { BatchGetItem: 1, GetItem: 1, BatchWriteItem: 1 }, objects: {} }, "a mount");

  await bytesOf(third, `/v2/app/manifests/${IMAGE.digest}`, { method: "DELETE" }, 202);
  assertEquals(take(), {
    table: { GetItem: 4, Query: 2, DeleteItem: 2, PutItem: 2 },
    objects: {},
  }, "a delete of a manifest with one tag");
  await bytesOf(third, `/v2/app/blobs/${digestOf(LAYER)}`, { method: "DELETE" }, 202);
  assertEquals(take(), {
    table: { BatchGetItem: 1, GetItem: 1, DeleteItem: 1, PutItem: 2 },
    objects: {},
  }, "a delete of a blob");
});
