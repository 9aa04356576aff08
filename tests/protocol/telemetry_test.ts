/**
 * Metrics and spans of a push and a pull agree with the requests that the stores have counted.
 */
import { assert, assertEquals } from "@std/assert";
import { startInterceptor } from "../../storage/table/dynamodb/testing/interceptor.ts";
import { digestOf, manifestOf, pushBlob, pushManifest, type Send } from "../harness/content.ts";
import { metricsAtFreePort, type Sample } from "../harness/metrics.ts";
import { type Attributes, isServed, type Span, startCollector } from "../harness/otlp_collector.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { startS3 } from "../s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../services/mod.ts";

const CONFIG = new TextEncoder().encode('{"architecture":"amd64","os":"linux"}');
const LAYER = crypto.getRandomValues(new Uint8Array(65_536));
const BLOBS = [CONFIG, LAYER];
const describe = (bytes: Uint8Array<ArrayBuffer>, kind: string) => ({
  mediaType: `application/vnd.oci.image.${kind}`,
  digest: digestOf(bytes),
  size: bytes.length,
});
const IMAGE = manifestOf({
  config: describe(CONFIG, "config.v1+json"),
  layers: [describe(LAYER, "layer.v1.tar+gzip")],
});

/** Requests of DynamoDB and S3 for each call to a port, where a call is one request. */
const REQUESTS: Record<string, string> = {
  "table get": "GetItem",
  "table getMany": "BatchGetItem",
  "table put": "PutItem",
  "table putMany": "BatchWriteItem",
  "table query": "Query",
  "objects get": "GetObject",
  "objects put": "PutObject",
  "objects putStream": "PutObject",
};

type Counts = Record<string, number>;

/** Counts of calls as counts of requests. A batch of one item is a request for the item. */
function asRequests(calls: Counts): Counts {
  const counts: Counts = {};
  for (const [call, count] of Object.entries(calls)) {
    const request = REQUESTS[call];
    assert(request !== undefined, `no request is known for "${call}"`);
    counts[request] = (counts[request] ?? 0) + count;
  }
  return counts;
}

/** Counts by the store and whether it was read or written: a batch of one item is not told apart from the item. */
function byKind(requests: Counts): Counts {
  const kinds: Counts = {};
  for (const [request, count] of Object.entries(requests)) {
    const kind = request.replace("BatchGetItem", "GetItem").replace("BatchWriteItem", "PutItem");
    kinds[kind] = (kinds[kind] ?? 0) + count;
  }
  return kinds;
}

function callsIn(samples: readonly Sample[]): Counts {
  const counts: Counts = {};
  for (const { name, labels, value } of samples) {
    if (name !== "skerry_storage_operation_duration_seconds_count" || value === 0) continue;
    counts[`${labels.skerry_store} ${labels.skerry_operation}`] = value;
  }
  return counts;
}

const since = (before: Counts, after: Counts): Counts =>
  Object.fromEntries(
    Object.entries(after).map(([call, count]) => [call, count - (before[call] ?? 0)]).filter(([, count]) =>
      count !== 0
    ),
  );

/** Counts of the spans of calls to the stores below these spans of requests. */
function callsBelow(requests: readonly Span[], spans: readonly Span[]): Counts {
  const ids = new Set(requests.map(({ spanId }) => spanId));
  const counts: Counts = {};
  for (const { name, parentSpanId, scope } of spans) {
    if (scope === "skerry" && ids.has(parentSpanId)) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function done(send: Send, path: string, init?: RequestInit): Promise<void> {
  const response = await send(path, init);
  await response.bytes();
  assert(response.ok, `${path}: ${response.status}`);
}

Deno.test("metrics and spans of a push and a pull agree with the requests that S3 and DynamoDB count", async () => {
  await using s3 = await startS3();
  await using dynamoDb = await startDynalite();
  await createTable(dynamoDb.endpoint, "skerry-table");
  await using table = await startInterceptor(dynamoDb.endpoint);
  await using collector = startCollector();
  const metrics = metricsAtFreePort();
  await using registry = await startRegistry({
    env: {
      ...CREDENTIALS_ENV,
      ...metrics.env,
      ...collector.env,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: s3.bucket,
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_S3_VERIFIES_CONTENT: "on",
      // Background work would be counted too.
      SKERRY_SWEEP_INTERVAL: "0",
      SKERRY_COLLECT_INTERVAL: "0",
      SKERRY_DYNAMODB_TABLE: "skerry-table",
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    },
  });
  let requestCount = 0;
  const send: Send = (path, init) => {
    requestCount++;
    return fetch(registry.url + path, { ...init, headers: { ...init?.headers, "User-Agent": "a-client/1" } });
  };
  await done(send, "/readyz");
  await collector.served(1);

  /** Requests, calls and spans of a flow. */
  async function observe(flow: () => Promise<void>) {
    const before = callsIn(await metrics.read());
    collector.take();
    s3.reset();
    for (const operation of Object.keys(table.counts)) delete table.counts[operation];
    requestCount = 0;
    await flow();
    await collector.served(requestCount);
    const requests: Counts = { ...table.counts, ...s3.requests as Counts };
    return { requests, calls: since(before, callsIn(await metrics.read())), spans: collector.take() };
  }

  const flows: Record<string, () => Promise<void>> = {
    async push() {
      for (const bytes of BLOBS) await pushBlob(send, "app", bytes);
      await pushManifest(send, "app", IMAGE, "latest");
    },
    async pull() {
      await done(send, "/v2/app/manifests/latest");
      for (const bytes of BLOBS) await done(send, `/v2/app/blobs/${digestOf(bytes)}`);
    },
  };
  for (const [name, flow] of Object.entries(flows)) {
    const { requests, calls, spans } = await observe(flow);
    assertEquals(byKind(asRequests(calls)), byKind(requests), `metrics of the ${name}`);
    const served = spans.filter(isServed);
    assertEquals(callsBelow(served, spans), calls, `spans of the ${name}`);
    // Deno itself makes a span for each request to a store, below the span of the call.
    const callIds = new Set(spans.filter(({ scope }) => scope === "skerry").map(({ spanId }) => spanId));
    const fetches = spans.filter(({ scope, kind }) => scope.startsWith("deno") && kind === "client");
    assertEquals(fetches.filter(({ parentSpanId }) => !callIds.has(parentSpanId)), [], name);
    const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
    assertEquals(fetches.length, total, `requests of the ${name}`);
    assertServed(served);
  }
  const sent = ["skerry.storage.operation.duration", "skerry.cache.reads", "skerry.connections.open"];
  await collector.measured(sent.map((name) => `skerry ${name}`));
});

/** Asserts the attributes of spans of requests. */
function assertServed(spans: readonly Span[]): void {
  assert(spans.length > 0);
  for (const { name, attributes } of spans) {
    const known: Attributes = {
      "enduser.id": "anonymous",
      "client.address": "127.0.0.1",
      "user_agent.original": "a-client/1",
      "url.query": "",
    };
    for (const [key, value] of Object.entries(known)) assertEquals(attributes[key], value, `${name}: ${key}`);
    const route = String(attributes["http.route"]);
    assertEquals(name, `${attributes["http.request.method"]} ${route}`);
    assert(route.startsWith("/v2/{name}/"), route);
    assert(String(attributes["skerry.request.id"]).length > 8);
    assert(!JSON.stringify(attributes).includes("?"), "a query");
  }
}

Deno.test("the span of a request tells of an outage of a store, and of waits", async () => {
  await using collector = startCollector();
  await using registry = await startRegistry({ env: collector.env });
  const send: Send = (path, init) => fetch(registry.url + path, init);
  await pushBlob(send, "app", CONFIG);
  await Deno.remove(`${registry.data}/objects`, { recursive: true });
  await Deno.writeTextFile(`${registry.data}/objects`, "");
  const started = await send("/v2/app/blobs/uploads/", { method: "POST" });
  await started.body?.cancel();
  const failed = await send(`${started.headers.get("Location")}?digest=${digestOf(LAYER)}`, {
    method: "PUT",
    body: LAYER,
  });
  await failed.body?.cancel();
  assertEquals(failed.status, 500);
  // The first one is the look of the harness for a live process.
  await collector.served(5);
  const spans = collector.take();
  const [put] = spans.filter(({ kind, status }) => kind === "server" && status === "error");
  assertEquals(String(put?.attributes["http.response.status_code"]), "500");
  assertEquals(put?.events.map(({ name }) => name), ["exception"]);
  const waits = spans.flatMap(({ events }) => events).filter(({ name }) => name === "skerry.queue.wait");
  assert(waits.some(({ attributes }) => attributes["skerry.queue"] === "sqlite"));
});
