import type { Credentials, Limit, UploadEvent } from "./observer.ts";

/** Combination of the values of several processes. */
export type Aggregation = "max" | "min" | "sum";

/**
 * Instrument by the rules of OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/general/metrics/): its name has
 * dots and no unit. {@linkcode prometheusName} makes the other name of it.
 */
export interface Instrument {
  /** Kind of the instrument. */
  readonly kind: "counter" | "gauge" | "histogram";
  /** Name for OpenTelemetry. */
  readonly name: string;
  /** Unit by UCUM: `s`, `By`, `1` for a fraction, or a noun in braces. */
  readonly unit: string;
  /** Help text. */
  readonly description: string;
  /** Names of the labels, for OpenTelemetry. None has a value that clients or content choose. */
  readonly labels: readonly string[];
  /** Upper bounds of the buckets of a histogram. */
  readonly buckets?: readonly number[];
  /** Values of the only label that are shown from the start, so that the first increase is seen. */
  readonly values?: readonly string[];
  /** Combination of a gauge of several processes; counters and histograms are added. */
  readonly aggregation?: Aggregation;
}

/** Seconds: from a cached manifest to the upload of a large blob. */
const DURATION_BUCKETS = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  120,
];

/** Bytes: from an empty answer to a layer of 4 GiB. */
const SIZE_BUCKETS = [0, 1024, 8192, 65_536, 524_288, 4_194_304, 33_554_432, 268_435_456, 4_294_967_296];

/** Labels of requests by OpenTelemetry, and the kind of the route, which tells apart what has one path and method. */
const HTTP_LABELS = ["http.request.method", "http.route", "http.response.status_code", "skerry.endpoint"];

const LIMITS: readonly Limit[] = ["logins", "open-uploads", "quota", "request-rate"];

const CREDENTIALS: readonly Credentials[] = ["password", "token"];

const UPLOAD_EVENTS: readonly UploadEvent[] = ["cancelled", "committed", "expired", "started"];

function histogram(
  name: string,
  unit: "By" | "s" | "{write}",
  labels: readonly string[],
  description: string,
): Instrument {
  const buckets = unit === "s" ? DURATION_BUCKETS : unit === "By" ? SIZE_BUCKETS : [1, 2, 4, 8, 16, 32, 64];
  return { kind: "histogram", name, unit, labels, description, buckets };
}

function counter(
  name: string,
  unit: string,
  labels: readonly string[],
  description: string,
  values: readonly string[] = [],
): Instrument {
  return { kind: "counter", name, unit, labels, description, values };
}

function gauge(
  name: string,
  unit: string,
  description: string,
  { labels = [], aggregation = "sum" }: { labels?: readonly string[]; aggregation?: Aggregation } = {},
): Instrument {
  return { kind: "gauge", name, unit, labels, description, aggregation };
}

/** Every instrument, by a short name. */
export const INSTRUMENTS = {
  requestDuration: histogram(
    "http.server.request.duration",
    "s",
    HTTP_LABELS,
    "Time from a request to the end of its answer",
  ),
  responseSize: histogram(
    "http.server.response.body.size",
    "By",
    HTTP_LABELS,
    "Size of the bodies of answers",
  ),
  requestSize: histogram(
    "http.server.request.body.size",
    "By",
    HTTP_LABELS,
    "Size of the bodies of requests with Content-Length",
  ),
  activeRequests: gauge("http.server.active_requests", "{request}", "Requests in progress"),
  openConnections: gauge("skerry.connections.open", "{connection}", "Open connections"),
  connectionLimit: gauge(
    "skerry.connections.limit",
    "{connection}",
    "Most connections that are accepted now",
  ),
  acceptedConnections: counter("skerry.connections.accepted", "{connection}", [], "Accepted connections"),
  refusedConnections: counter(
    "skerry.connections.refused",
    "{connection}",
    [],
    "Connections answered with 503",
  ),
  closedConnections: counter(
    "skerry.connections.closed_for_others",
    "{connection}",
    [],
    "Idle connections closed to make room",
  ),
  storageDuration: histogram(
    "skerry.storage.operation.duration",
    "s",
    ["skerry.store", "skerry.operation", "error.type"],
    "Time of calls to the stores with their retries; a read of an object ends when its bytes begin",
  ),
  storageRetries: counter(
    "skerry.storage.retries",
    "{attempt}",
    ["skerry.store", "skerry.operation"],
    "Repeated attempts of calls to the stores",
  ),
  objectBytes: counter(
    "skerry.storage.object.io",
    "By",
    ["skerry.direction"],
    "Bytes of objects read from or written to the object store",
    ["read", "write"],
  ),
  cacheReads: counter(
    "skerry.cache.reads",
    "{read}",
    ["skerry.cache", "skerry.result"],
    "Reads of the caches in memory",
  ),
  queueWait: histogram(
    "skerry.queue.wait.duration",
    "s",
    ["skerry.queue"],
    "Time that requests waited for a buffer, for memory for a body, or for a transaction of SQLite",
  ),
  commitDuration: histogram("skerry.sqlite.commit.duration", "s", [], "Time of transactions of SQLite"),
  commitWrites: histogram("skerry.sqlite.commit.writes", "{write}", [], "Writes in a transaction of SQLite"),
  sqliteBusy: counter(
    "skerry.sqlite.busy",
    "{attempt}",
    [],
    "Attempts that found SQLite locked by another process",
  ),
  usedBuffers: gauge("skerry.upload.buffers.used", "{buffer}", "Buffers for parts of uploads in use"),
  bufferLimit: gauge("skerry.upload.buffers.limit", "{buffer}", "Buffers for parts of uploads"),
  waitingBuffers: gauge("skerry.upload.buffers.waiting", "{request}", "Requests that wait for a buffer"),
  usedMemory: gauge("skerry.upload.memory.used", "By", "Memory of the buffers for uploads in use"),
  memoryLimit: gauge("skerry.upload.memory.limit", "By", "Memory that buffers for uploads may use"),
  bodyMemory: gauge(
    "skerry.request_body.memory.used",
    "By",
    "Memory of manifests and forms that are being received",
    { labels: ["skerry.budget"] },
  ),
  bodyMemoryLimit: gauge(
    "skerry.request_body.memory.limit",
    "By",
    "Memory that manifests and forms may use",
    {
      labels: ["skerry.budget"],
    },
  ),
  uploads: counter(
    "skerry.uploads",
    "{upload}",
    ["skerry.event"],
    "Uploads that were started, committed, cancelled, or removed after their expiry",
    UPLOAD_EVENTS,
  ),
  refusals: counter("skerry.refusals", "{request}", ["skerry.limit"], "Requests refused by a limit", LIMITS),
  loginFailures: counter(
    "skerry.auth.failures",
    "{request}",
    ["skerry.credentials"],
    "Requests with rejected credentials",
    CREDENTIALS,
  ),
  backgroundDuration: histogram(
    "skerry.background.run.duration",
    "s",
    ["skerry.work", "skerry.outcome"],
    "Time of runs of background work",
  ),
  lastSuccess: gauge("skerry.background.last_success.time", "s", "Time of the last run without an error", {
    labels: ["skerry.work"],
    aggregation: "max",
  }),
  removals: counter(
    "skerry.background.removals",
    "{item}",
    ["skerry.work", "skerry.kind"],
    "Things removed by background work",
  ),
  removedBytes: counter(
    "skerry.background.removed",
    "By",
    ["skerry.work"],
    "Bytes of content removed by background work",
  ),
  delivered: counter(
    "skerry.background.deliveries",
    "{event}",
    ["skerry.work"],
    "Purges or webhooks that their receiver accepted",
  ),
  lag: histogram(
    "skerry.background.delivery.lag",
    "s",
    ["skerry.work"],
    "Longest time from a change to its purge or webhook, in each delivery",
  ),
  deadLetters: counter(
    "skerry.webhooks.dead_letters",
    "{event}",
    [],
    "Webhooks given up after all attempts",
  ),
  oldestAge: gauge("skerry.background.oldest_age", "s", "Age of the oldest purge or webhook that waits", {
    labels: ["skerry.work"],
    aggregation: "max",
  }),
  passProgress: gauge("skerry.collection.progress", "1", "Part of the full pass that is done", {
    aggregation: "max",
  }),
  passEstimate: gauge("skerry.collection.estimate", "s", "Expected time of the full pass", {
    aggregation: "max",
  }),
  passInterval: gauge("skerry.collection.interval", "s", "Time from one full pass to the next", {
    aggregation: "max",
  }),
  loopDelay: histogram("skerry.event_loop.delay", "s", [], "Delay of the event loop, sampled twice a second"),
  memory: gauge("process.resident_memory", "By", "Resident memory"),
  cpu: counter("process.cpu", "s", [], "CPU time of the process in user and system mode"),
  startTime: gauge("process.start_time", "s", "Start of the process, in seconds since the epoch", {
    aggregation: "min",
  }),
  processes: gauge("skerry.processes", "{process}", "Processes that serve the port"),
  build: gauge("skerry.build.info", "{process}", "1, with the versions of Skerry and Deno", {
    labels: ["skerry.version", "deno.version"],
    aggregation: "max",
  }),
} as const satisfies Record<string, Instrument>;

const UNIT_NAMES: Readonly<Record<string, string>> = { s: "seconds", By: "bytes", "1": "ratio" };

/**
 * Name for Prometheus, as OpenTelemetry translates it
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/).
 */
export function prometheusName({ kind, name, unit }: Pick<Instrument, "kind" | "name" | "unit">): string {
  const unitName = UNIT_NAMES[unit];
  return labelName(name) + (unitName === undefined ? "" : `_${unitName}`) +
    (kind === "counter" ? "_total" : "");
}

/** Name of a label for Prometheus. */
export function labelName(name: string): string {
  return name.replaceAll(".", "_");
}
