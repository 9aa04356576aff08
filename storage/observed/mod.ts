/**
 * Stores whose calls telemetry sees.
 *
 * @module
 */
export { observedObjects, observedReads } from "./observed_objects.ts";
export { observedTable } from "./observed_table.ts";
