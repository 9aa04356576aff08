import { AsyncLocalStorage } from "node:async_hooks";
import { type Instrument, INSTRUMENTS } from "./instruments.ts";
import type { Measure, Meter } from "./meter.ts";
import type {
  AnsweredRequest,
  Credentials,
  Limit,
  Observer,
  Queue,
  Store,
  TracedRequest,
  UploadEvent,
  Watched,
  Work,
} from "./observer.ts";
import type { Tracing } from "./tracing.ts";
import { Watches } from "./watches.ts";

/** Options of {@linkcode Recorder}. */
export interface RecorderOptions {
  /** Destinations of metrics. */
  readonly meters: readonly Meter[];
  /** Spans; absent without tracing. */
  readonly spans?: Tracing | undefined;
  /** Template of the path of each kind of route, such as `/v2/{name}/manifests/{reference}`. */
  readonly templateOf: (kind: string) => string;
  /** The present, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Measures of requests whose labels have the same values. */
interface RequestMeasures {
  readonly labels: readonly string[];
  /** Takes the seconds to the end of the answer. */
  readonly took: Measure;
  /** Takes the bytes of the answer's body. */
  readonly sent: Measure;
  /** Event of an upload that such an answer reports. */
  readonly event: UploadEvent | undefined;
}

/** Methods of HTTP that are a label; a client can send any other. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Names of errors that are a label. */
const ERRORS: ReadonlySet<string> = new Set([
  "BrokenBodyError",
  "ContentMismatchError",
  "LateWriteError",
  "RangeError",
  "StorageFullError",
  "UnavailableError",
  "UnknownPartsError",
]);

/** Label of requests whose path is none of the registry. */
const NO_ROUTE = "none";

/** Instruments that are read and not recorded, by their names. */
const BY_NAME: ReadonlyMap<string, Instrument> = new Map(
  Object.values(INSTRUMENTS).map((instrument) => [instrument.name, instrument]),
);

/** Makes metrics and spans of the events of a process. */
export class Recorder implements Observer {
  readonly #meters: readonly Meter[];
  readonly #spans: Tracing | undefined;
  readonly #templateOf: (kind: string) => string;
  readonly #now: () => number;
  /** Operation of the call to a store that is under way. A driver repeats attempts and does not know their operation. */
  readonly #operation = new AsyncLocalStorage<string>();
  readonly #watches = new Map<Instrument, Watches>();
  /** Measures of requests, by all values of their labels. A pull needs them, so they are kept. */
  readonly #requests = new Map<string, RequestMeasures>();
  /** Counters of the reads of each cache. */
  readonly #cacheReads = new Map<string, { hit: Measure; miss: Measure }>();
  /** Durations of calls to the stores, by store, operation and error. */
  readonly #calls = new Map<string, Measure>();

  /** Recorder for these meters and spans. */
  constructor({ meters, spans, templateOf, now = Date.now }: RecorderOptions) {
    this.#meters = meters;
    this.#spans = spans;
    this.#templateOf = templateOf;
    this.#now = now;
  }

  answered({ method, route, status, bytes, received, duration }: AnsweredRequest): void {
    const { labels, took, sent, event } = this.#requestsOf(method, route, status);
    took(duration / 1000);
    sent(bytes);
    if (received !== undefined) this.#record(INSTRUMENTS.requestSize, received, labels);
    if (event !== undefined) this.uploads(event, 1);
  }

  traced(request: TracedRequest): void {
    this.#spans?.describe(request, this.#template(request.route));
  }

  async call<T>(store: Store, operation: string, run: () => Promise<T>): Promise<T> {
    const began = performance.now();
    let error = "";
    try {
      const running = () => this.#operation.run(operation, run);
      if (this.#spans === undefined) return await running();
      const attributes = { "skerry.store": store, "skerry.operation": operation };
      return await this.#spans.around(`${store} ${operation}`, attributes, running);
    } catch (thrown) {
      error = errorName(thrown);
      throw thrown;
    } finally {
      this.#callOf(store, operation, error)((performance.now() - began) / 1000);
    }
  }

  transferred(direction: "read" | "write", bytes: number): void {
    this.#record(INSTRUMENTS.objectBytes, bytes, [direction]);
  }

  retried(store: Store): void {
    this.#record(INSTRUMENTS.storageRetries, 1, [store, this.#operation.getStore() ?? "other"]);
    this.#spans?.event("skerry.retry", { "skerry.store": store });
  }

  cacheRead(cache: string, isHit: boolean): void {
    let reads = this.#cacheReads.get(cache);
    if (reads === undefined) {
      const of = (result: string) => this.#measure(INSTRUMENTS.cacheReads, [cache, result]);
      this.#cacheReads.set(cache, reads = { hit: of("hit"), miss: of("miss") });
    }
    (isHit ? reads.hit : reads.miss)(1);
  }

  waited(queue: Queue, milliseconds: number): void {
    this.#record(INSTRUMENTS.queueWait, milliseconds / 1000, [queue]);
    this.#spans?.event("skerry.queue.wait", { "skerry.queue": queue, "skerry.wait.ms": milliseconds });
  }

  committed(writes: number, milliseconds: number): void {
    this.#record(INSTRUMENTS.commitDuration, milliseconds / 1000, []);
    this.#record(INSTRUMENTS.commitWrites, writes, []);
  }

  sqliteBusy(): void {
    this.#record(INSTRUMENTS.sqliteBusy, 1, []);
  }

  refused(limit: Limit): void {
    this.#record(INSTRUMENTS.refusals, 1, [limit]);
    this.#spans?.event("skerry.refused", { "skerry.limit": limit });
  }

  loginFailed(credentials: Credentials): void {
    this.#record(INSTRUMENTS.loginFailures, 1, [credentials]);
  }

  ran(work: Work, milliseconds: number, isOk: boolean): void {
    this.#record(INSTRUMENTS.backgroundDuration, milliseconds / 1000, [work, isOk ? "ok" : "error"]);
    if (!isOk) return;
    const at = this.#now() / 1000;
    this.#watch(INSTRUMENTS.lastSuccess, work, () => at);
  }

  removed(work: Work, kind: string, count: number, bytes = 0): void {
    this.#record(INSTRUMENTS.removals, count, [work, kind]);
    if (bytes > 0) this.#record(INSTRUMENTS.removedBytes, bytes, [work]);
  }

  uploads(event: UploadEvent, count: number): void {
    this.#record(INSTRUMENTS.uploads, count, [event]);
  }

  delivered(work: Work, milliseconds: number, count: number): void {
    this.#record(INSTRUMENTS.delivered, count, [work]);
    this.#record(INSTRUMENTS.lag, milliseconds / 1000, [work]);
  }

  deadLetters(count: number): void {
    this.#record(INSTRUMENTS.deadLetters, count, []);
  }

  watch(name: Watched, read: () => number | undefined, label?: string): void {
    this.#watch(BY_NAME.get(name)!, label, read);
  }

  #watch(instrument: Instrument, label: string | undefined, read: () => number | undefined): void {
    let watches = this.#watches.get(instrument);
    if (watches === undefined) {
      const made = watches = new Watches();
      this.#watches.set(instrument, made);
      for (const meter of this.#meters) meter.watch(instrument, () => made.read());
    }
    watches.set(label, read);
  }

  /** Takes a measurement that is too rare for its cost to matter. */
  #record(instrument: Instrument, value: number, labels: readonly string[]): void {
    this.#measure(instrument, labels)(value);
  }

  /** Measure of an instrument in all meters. */
  #measure(instrument: Instrument, labels: readonly string[]): Measure {
    const measures = this.#meters.map((meter) => meter.measure(instrument, labels));
    const [first, ...others] = measures;
    if (first !== undefined && others.length === 0) return first;
    return (value) => {
      for (const measure of measures) measure(value);
    };
  }

  #callOf(store: Store, operation: string, error: string): Measure {
    const key = `${store} ${operation} ${error}`;
    let measure = this.#calls.get(key);
    if (measure === undefined) {
      measure = this.#measure(INSTRUMENTS.storageDuration, [store, operation, error]);
      // So that its first retry is an increase.
      this.#record(INSTRUMENTS.storageRetries, 0, [store, operation]);
      this.#calls.set(key, measure);
    }
    return measure;
  }

  #requestsOf(method: string, kind: string | undefined, status: number): RequestMeasures {
    const known = METHODS.has(method) ? method : "_OTHER";
    const key = `${known} ${kind} ${status}`;
    let measures = this.#requests.get(key);
    if (measures === undefined) {
      const labels = [known, this.#template(kind), String(status), kind ?? NO_ROUTE];
      measures = {
        labels,
        took: this.#measure(INSTRUMENTS.requestDuration, labels),
        sent: this.#measure(INSTRUMENTS.responseSize, labels),
        event: uploadEventOf(kind, status),
      };
      this.#requests.set(key, measures);
    }
    return measures;
  }

  #template(kind: string | undefined): string {
    return kind === undefined ? NO_ROUTE : this.#templateOf(kind);
  }
}

/** Event of an upload that the answer of a request reports. */
function uploadEventOf(route: string | undefined, status: number): UploadEvent | undefined {
  if (route === "startUpload" && status === 202 || route === "mountBlob" && status === 202) return "started";
  if (route === "commitUpload" && status === 201) return "committed";
  return route === "cancelUpload" && status === 204 ? "cancelled" : undefined;
}

function errorName(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  return ERRORS.has(name) ? name : "_OTHER";
}
