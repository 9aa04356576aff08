/**
 * Several processes that serve one port. Loaded only where `SKERRY_WORKERS` is above 1.
 *
 * @module
 */
export { superviseWorkers, type Supervision } from "./supervisor.ts";
