/**
 * Metrics and spans through Deno's own OpenTelemetry exporter. Loads OpenTelemetry's API.
 *
 * @module
 */
export { OtelMeter } from "./otel_meter.ts";
export { Spans } from "./spans.ts";
