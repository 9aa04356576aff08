/**
 * Metrics and spans of the process, loaded where they are configured.
 *
 * @module
 */
export { type MetricsPart, openTelemetry, type Telemetry } from "./open_telemetry.ts";
