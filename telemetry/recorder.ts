import { type Instrument, INSTRUMENTS } from "./instruments.ts";
import type { Meter } from "./meter.ts";
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
  readonly #watches = new Map<Instrument, Watches>();
  /** Labels of requests: the same array for the same values, for the sake of its cost. */
  readonly #labels = new Map<string, readonly string[]>();

  /** Recorder for these meters and spans. */
  constructor({ meters, spans, templateOf, now = Date.now }: RecorderOptions) {
    this.#meters = meters;
    this.#spans = spans;
    this.#templateOf = templateOf;
    this.#now = now;
  }

  answered({ method, route, status, bytes, received, duration }: AnsweredRequest): void {
    const labels = this.#labelsOf(method, route, status);
    this.#record(INSTRUMENTS.requestDuration, duration / 1000, labels);
    this.#record(INSTRUMENTS.responseSize, bytes, labels);
    if (received !== undefined) this.#record(INSTRUMENTS.requestSize, received, labels);
    const event = uploadEventOf(route, status);
    if (event !== undefined) this.uploads(event, 1);
  }

  traced(request: TracedRequest): void {
    this.#spans?.describe(request, this.#template(request.route));
  }

  async call<T>(store: Store, operation: string, run: () => Promise<T>): Promise<T> {
    const began = performance.now();
    let error = "";
    try {
      if (this.#spans === undefined) return await run();
      const attributes = { "skerry.store": store, "skerry.operation": operation };
      return await this.#spans.around(`${store} ${operation}`, attributes, run);
    } catch (thrown) {
      error = errorName(thrown);
      throw thrown;
    } finally {
      this.#record(INSTRUMENTS.storageDuration, (performance.now() - began) / 1000, [
        store,
        operation,
        error,
      ]);
    }
  }

  transferred(direction: "read" | "write", bytes: number): void {
    this.#add(INSTRUMENTS.objectBytes, bytes, [direction]);
  }

  retried(store: Store): void {
    this.#add(INSTRUMENTS.storageRetries, 1, [store]);
    this.#spans?.event("skerry.retry", { "skerry.store": store });
  }

  cacheRead(cache: string, isHit: boolean): void {
    this.#add(INSTRUMENTS.cacheReads, 1, [cache, isHit ? "hit" : "miss"]);
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
    this.#add(INSTRUMENTS.sqliteBusy, 1, []);
  }

  refused(limit: Limit): void {
    this.#add(INSTRUMENTS.refusals, 1, [limit]);
    this.#spans?.event("skerry.refused", { "skerry.limit": limit });
  }

  loginFailed(credentials: Credentials): void {
    this.#add(INSTRUMENTS.loginFailures, 1, [credentials]);
  }

  ran(work: Work, milliseconds: number, isOk: boolean): void {
    this.#record(INSTRUMENTS.backgroundDuration, milliseconds / 1000, [work, isOk ? "ok" : "error"]);
    if (!isOk) return;
    const at = this.#now() / 1000;
    this.#watch(INSTRUMENTS.lastSuccess, work, () => at);
  }

  removed(work: Work, kind: string, count: number, bytes = 0): void {
    this.#add(INSTRUMENTS.removals, count, [work, kind]);
    if (bytes > 0) this.#add(INSTRUMENTS.removedBytes, bytes, [work]);
  }

  uploads(event: UploadEvent, count: number): void {
    this.#add(INSTRUMENTS.uploads, count, [event]);
  }

  delivered(work: Work, milliseconds: number, count: number): void {
    this.#add(INSTRUMENTS.delivered, count, [work]);
    this.#record(INSTRUMENTS.lag, milliseconds / 1000, [work]);
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

  #add(instrument: Instrument, value: number, labels: readonly string[]): void {
    for (const meter of this.#meters) meter.add(instrument, value, labels);
  }

  #record(instrument: Instrument, value: number, labels: readonly string[]): void {
    for (const meter of this.#meters) meter.record(instrument, value, labels);
  }

  #labelsOf(method: string, kind: string | undefined, status: number): readonly string[] {
    const known = METHODS.has(method) ? method : "_OTHER";
    const key = `${known} ${kind} ${status}`;
    let labels = this.#labels.get(key);
    if (labels === undefined) {
      labels = [known, this.#template(kind), String(status), kind ?? NO_ROUTE];
      this.#labels.set(key, labels);
    }
    return labels;
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
