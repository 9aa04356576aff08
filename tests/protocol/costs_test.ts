/**
 * Requests for an image as docs/costs.md lists them, counted at the stores behind the real drivers:
 * `registry/call_counts_test.ts` counts the calls to the ports.
 */
import { assertEquals } from "@std/assert";
import { COUNTED, LOGIN_REQUESTS, type Usage } from "../../cli/cost/counted.ts";
import { type Interceptor, startInterceptor } from "../../storage/table/dynamodb/testing/interceptor.ts";
import {
  digestOf,
  manifestOf,
  pushBlob,
  pushManifest,
  type Send,
  type TestManifest,
} from "../harness/content.ts";
import { OCI_INDEX } from "../../oci/mod.ts";
import { CapacityMeter } from "../harness/capacity_meter.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { type S3Server, startS3 } from "../s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../services/mod.ts";

const CONFIG = new TextEncoder().encode('{"architecture":"amd64","os":"linux"}');
const LAYER = crypto.getRandomValues(new Uint8Array(50_000));
const BLOBS = [CONFIG, LAYER];

const IMAGE = imageOf(CONFIG, [LAYER]);

function imageOf(config: Uint8Array<ArrayBuffer>, layers: Uint8Array<ArrayBuffer>[]): TestManifest {
  const described = (bytes: Uint8Array<ArrayBuffer>, kind: string) => ({
    mediaType: `application/vnd.oci.image.${kind}`,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  return manifestOf({
    config: described(config, "config.v1+json"),
    layers: layers.map((layer) => described(layer, "layer.v1.tar+gzip")),
  });
}

/** Requests of both stores, by operation. */
interface Requests {
  table: Record<string, number>;
  objects: Record<string, number>;
}

/** Both stores, and the requests to them since the last look. */
interface CountedStores extends AsyncDisposable {
  take(): Requests;
  /** Read and write units of the table since the last look. */
  takeUnits(): { readUnits: number; writeUnits: number };
  /** Waits until so many batches have been read since the last look. */
  batches(count: number): Promise<void>;
  /** Starts a process with empty caches, with `more` settings. */
  startProcess(more?: Record<string, string>): Promise<Send>;
}

async function startStores(): Promise<CountedStores> {
  await using stack = new AsyncDisposableStack();
  const s3 = stack.use(await startS3());
  const dynamoDb = stack.use(await startDynalite());
  await createTable(dynamoDb.endpoint, "skerry-table");
  const meter = new CapacityMeter();
  const counted = stack.use(await startInterceptor(dynamoDb.endpoint, (request) => meter.forward(request)));
  const env = settings(s3, counted);
  const kept = stack.move();
  return {
    take() {
      const taken = { table: { ...counted.counts }, objects: { ...s3.requests } };
      for (const operation of Object.keys(counted.counts)) delete counted.counts[operation];
      s3.reset();
      return taken;
    },
    takeUnits: () => meter.take(),
    async batches(count) {
      while ((counted.counts.BatchGetItem ?? 0) < count) await new Promise((next) => setTimeout(next, 5));
    },
    async startProcess(more = {}) {
      const { url } = kept.use(await startRegistry({ env: { ...env, ...more } }));
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

/** Milliseconds of a push after which a process may read again what it knew. */
const PROMPT_MS = 200;

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
    return { isPrompt: performance.now() - start < PROMPT_MS, ...take() };
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
  await stores.batches(2);
  assertEquals(
    take(),
    { table: { BatchGetItem: 2, GetItem: 1 }, objects: {} },
    "a manifest by its tag, cold, and its blobs ahead",
  );
  await pullBlobs(third);
  assertEquals(take(), { table: { GetItem: 2 }, objects: { GetObject: 2 } }, "two blobs");
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

/** An image of new content. Its layers are larger than the blobs whose bytes a process caches. */
function newImage(layerCount: number) {
  const config = crypto.getRandomValues(new Uint8Array(5000));
  const layers = Array.from({ length: layerCount }, () => {
    const bytes = new Uint8Array(70_000);
    crypto.getRandomValues(bytes.subarray(0, 1000));
    return bytes;
  });
  return { blobs: [config, ...layers], manifest: imageOf(config, layers), tag: `layers-${layerCount}` };
}

type NewImage = ReturnType<typeof newImage>;

/** Pushes an image as docker does. False if the machine is so busy that a process reads again what it knew. */
async function dockerPush(send: Send, { blobs, manifest, tag }: NewImage): Promise<boolean> {
  const times: number[] = [];
  for (const bytes of blobs) {
    times.push(performance.now());
    const digest = digestOf(bytes);
    await bytesOf(send, `/v2/app/blobs/${digest}`, { method: "HEAD" }, 404);
    const started = await send("/v2/app/blobs/uploads/", { method: "POST" });
    await started.body?.cancel();
    const body = new Blob([bytes]).stream();
    const sent = await send(started.headers.get("Location")!, { method: "PATCH", body });
    await sent.body?.cancel();
    await bytesOf(send, `${sent.headers.get("Location")}?digest=${digest}`, { method: "PUT" }, 201);
  }
  times.push(performance.now());
  await pushManifest(send, "app", manifest, tag);
  times.push(performance.now());
  return times.every((time, index) => time - (times[index - 1] ?? time) < PROMPT_MS);
}

/** Pulls an image as docker does. */
async function dockerPull(send: Send, { blobs, manifest, tag }: NewImage): Promise<void> {
  await bytesOf(send, `/v2/app/manifests/${tag}`, { method: "HEAD" });
  assertEquals(await bytesOf(send, `/v2/app/manifests/${manifest.digest}`), manifest.bytes);
  for (const bytes of blobs) assertEquals(await bytesOf(send, `/v2/app/blobs/${digestOf(bytes)}`), bytes);
}

Deno.test("skerry cost computes with the requests of docker's push and pull at the stores", async () => {
  await using stores = await startStores();
  const { take, takeUnits } = stores;
  const plain = await stores.startProcess();
  let http = LOGIN_REQUESTS;
  const send: Send = (path, init) => {
    http++;
    return plain(path, init);
  };
  const usage = (): Usage => {
    const { table, objects } = take();
    const { PutObject: puts = 0, GetObject: gets = 0, ...others } = objects;
    assertEquals(others, {});
    const requests = Object.values(table).reduce((sum, count) => sum + count, 0);
    const counted = { http, table: requests, ...takeUnits(), puts, gets };
    http = LOGIN_REQUESTS;
    return counted;
  };
  await dockerPush(plain, newImage(2)); // creates the repository
  for (const layerCount of [1, 5] as const) {
    usage();
    const image = newImage(layerCount);
    const isPrompt = await dockerPush(send, image);
    const { table, readUnits, ...others } = usage();
    const { table: expectedTable, readUnits: expectedUnits, ...expected } = COUNTED.push[layerCount];
    assertEquals(others, expected, `a push of ${layerCount} layers`);
    const reads = [table, readUnits];
    const fewest = [expectedTable, expectedUnits];
    assertEquals(
      isPrompt ? reads : reads.map((count, i) => Math.min(count, fewest[i]!)),
      fewest,
      "its reads",
    );
    await dockerPull(plain, image);
    usage();
    await dockerPull(send, image);
    assertEquals(usage(), COUNTED.pull[layerCount], `a pull of ${layerCount} layers`);
  }
});

Deno.test("docs/costs.md lists the requests that skerry cost computes with", async () => {
  const docs = await Deno.readTextFile(new URL("../../docs/costs.md", import.meta.url));
  for (const flow of ["push", "pull"] as const) {
    for (const layers of [1, 5] as const) {
      const { table, readUnits, writeUnits, puts, gets } = COUNTED[flow][layers];
      const row = docs.split("\n").find((line) => line.startsWith(`| ${flow} an image of ${layers}`));
      const numbers = row?.split("|").slice(2, -1).map(Number);
      assertEquals(numbers, [table, readUnits, writeUnits, puts + gets]);
    }
  }
});

Deno.test("a redirect costs one read of the table and no request to S3", async () => {
  await using stores = await startStores();
  const { startProcess, take } = stores;
  const send = await startProcess({ SKERRY_DELIVERY: "redirect" });
  const layer = new Uint8Array(100_000);
  const path = `/v2/app/blobs/${await pushBlob(send, "app", layer)}`;
  take();
  for (const headers of [{}, { Range: "bytes=5-" }]) {
    await bytesOf(send, path, { headers, redirect: "manual" }, 307);
    assertEquals(take(), { table: { BatchGetItem: 1 }, objects: {} });
  }
});

Deno.test("a tag that moved 33 times costs as many read units as one that never moved", async () => {
  await using stores = await startStores();
  const send = await stores.startProcess();
  const images = Array.from(
    { length: 34 },
    (_, i) => manifestOf({ manifests: [], annotations: { number: `${i}` } }, OCI_INDEX),
  );
  const unitsOf = async (repository: string, moves: number) => {
    for (const image of images.slice(0, moves + 1)) await pushManifest(send, repository, image, "latest");
    stores.takeUnits();
    await bytesOf(send, `/v2/${repository}/manifests/latest`, { method: "HEAD" });
    const { readUnits: pull } = stores.takeUnits();
    await bytesOf(send, `/v2/${repository}/tags/list`);
    return { pull, list: stores.takeUnits().readUnits };
  };
  assertEquals(await unitsOf("moved", 33), await unitsOf("still", 0));
});
