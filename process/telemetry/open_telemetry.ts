import manifest from "../../deno.json" with { type: "json" };
import type { Config } from "../../config/mod.ts";
import { type RequestLog, type RouteKind, templateOf, type UiKind } from "../../routes/mod.ts";
import {
  exposition,
  INSTRUMENTS,
  measureProcess,
  PrometheusMeter,
  Recorder,
  type Snapshot,
} from "../../telemetry/mod.ts";
import { type Observer, observeWith } from "../../telemetry/observer.ts";
import type { Server } from "../connections/server.ts";
import { type MetricsServer, serveMetrics } from "./metrics_server.ts";

/** Part of a process in the metrics of all. */
export interface MetricsPart {
  /** True if this process serves the metrics of all. */
  readonly servesMetrics: boolean;
  /** Metrics of the other workers. */
  metricsOfOthers(): Promise<Snapshot[]>;
}

/** Telemetry of a process. */
export interface Telemetry {
  /** Receiver of the events of the process. */
  readonly observer: Observer;
  /** Address of the metrics, if this process serves them. */
  readonly url: string | undefined;
  /** Receives the entry of each request when its answer begins; absent without tracing. */
  readonly began: ((entry: RequestLog) => void) | undefined;
  /** Receives the entry of each request when its answer has been sent. */
  ended(entry: RequestLog): void;
  /** Metrics of this process; absent unless Prometheus collects them. */
  readonly snapshot: (() => Snapshot) | undefined;
  /** Adds the connections of the server to the metrics. */
  watch(server: Server): void;
}

// Not literal: a process whose metrics only Prometheus collects does not load it.
const importOtel = (): Promise<typeof import("../../telemetry/otel/mod.ts")> =>
  import(new URL("../../telemetry/otel/mod.ts", import.meta.url).href);

/** Starts the configured telemetry. `traces` is true if Deno exports to OpenTelemetry. */
export async function openTelemetry(config: Config, part: MetricsPart, traces: boolean): Promise<Telemetry> {
  const otel = traces ? await importOtel() : undefined;
  const prometheus = config.metricsPort === "off"
    ? undefined
    : new PrometheusMeter(Object.values(INSTRUMENTS));
  const meters = [...(prometheus ? [prometheus] : []), ...(otel ? [new otel.OtelMeter()] : [])];
  const recorder = new Recorder({
    meters,
    spans: otel && new otel.Spans(),
    templateOf: (kind) => templateOf(kind as RouteKind | UiKind),
  });
  measureProcess(meters, { skerry: manifest.version, deno: Deno.version.deno });
  observeWith(recorder);
  const server = prometheus && part.servesMetrics ? serve(config, prometheus, part) : undefined;
  return {
    observer: recorder,
    url: server?.url,
    began: traces ? (entry) => recorder.traced(entry) : undefined,
    ended: (entry) => recorder.answered(entry),
    snapshot: prometheus && (() => prometheus.snapshot()),
    watch: (server) => watchConnections(recorder, server),
  };
}

function serve(config: Config, prometheus: PrometheusMeter, part: MetricsPart): MetricsServer {
  return serveMetrics(
    config,
    async () => await exposition([prometheus.snapshot(), ...await part.metricsOfOthers()]),
  );
}

function watchConnections(observer: Observer, server: Server): void {
  observer.watch("http.server.active_requests", () => server.counts().requests);
  observer.watch("skerry.connections.open", () => server.counts().open);
  observer.watch("skerry.connections.limit", () => server.counts().limit);
  observer.watch("skerry.connections.accepted", () => server.counts().accepted);
  observer.watch("skerry.connections.refused", () => server.counts().refused);
  observer.watch("skerry.connections.closed_for_others", () => server.counts().closedForOthers);
}
