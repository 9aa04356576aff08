import prom from "prom-client";
import type { Snapshot } from "./prometheus_meter.ts";

/** Content type of {@linkcode exposition}. */
export const EXPOSITION_TYPE: string = prom.Registry.PROMETHEUS_CONTENT_TYPE;

/** Sum of the metrics of several processes: gauges are added, or the largest or smallest counts, as each one says. */
export function sumOf(snapshots: readonly Snapshot[]): Promise<Snapshot> {
  return aggregated(snapshots).getMetricsAsJSON();
}

/** Text of the metrics of several processes together, in the text format of Prometheus. */
export function exposition(snapshots: readonly Snapshot[]): Promise<string> {
  return aggregated(snapshots).metrics();
}

/** Counters and histograms of a process that has ended. Its gauges have no value any more. */
export function lastOf(snapshot: Snapshot): Snapshot {
  // Types in JSON are names.
  return snapshot.filter((metric) => (metric as { type: unknown }).type !== "gauge");
}

/** Metrics of all processes. The library wants each metric in the first snapshot that has it to tell its type. */
function aggregated(snapshots: readonly Snapshot[]): prom.Registry {
  return prom.AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot]));
}
