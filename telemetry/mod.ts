/**
 * Metrics and spans of a process: instruments, and their way to Prometheus and OpenTelemetry. Loads the libraries.
 *
 * @module
 */
export { type Aggregation, type Instrument, INSTRUMENTS, prometheusName } from "./instruments.ts";
export type { Measure, Meter, Reading } from "./meter.ts";
export { measureProcess, type Versions } from "./process_metrics.ts";
export { PrometheusMeter, type Snapshot } from "./prometheus_meter.ts";
export { Recorder, type RecorderOptions } from "./recorder.ts";
export type { Attributes, Tracing } from "./tracing.ts";
export { exposition, EXPOSITION_TYPE, lastOf, sumOf } from "./snapshots.ts";
