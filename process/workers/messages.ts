import type { RequestCounts } from "../../auth/mod.ts";
import type { Snapshot } from "../../telemetry/mod.ts";
import type { Config } from "../../config/mod.ts";

/** Message from the supervisor to a worker. */
export type ToWorker =
  | {
    kind: "start";
    /** Configuration of the registry, with the port that all workers listen on. */
    config: Config;
    /** Fraction of the limits of the whole registry. */
    share: number;
    /** True if this worker runs the background work. */
    runsUpkeep: boolean;
  }
  | ({ kind: "others" } & OthersState)
  | AdmittedRequests
  | ChangeOrder
  | MeasureOrder
  | OthersMetrics
  | { kind: "stop"; signal: Deno.Signal };

/** Order of the supervisor about a change of the configuration. */
export type ChangeOrder =
  | { kind: "prepare"; config: Config }
  | { kind: "commit" }
  | { kind: "discard" };

/** Answer of a worker to a {@linkcode ChangeOrder}; `discard` has none. */
export type ChangeAnswer =
  | { kind: "prepared" }
  | { kind: "committed" }
  | {
    kind: "refused";
    /** Reason for the operator. */
    problem: string;
  };

/** Order to measure: the metrics are for another worker, which has asked with `id`. */
export type MeasureOrder = { kind: "measure"; id: number };

/** Metrics of a worker, as an answer to a {@linkcode MeasureOrder}. */
export type Measured = { kind: "measured"; id: number; snapshot: Snapshot };

/** Metrics of the other workers, and what those that have ended had counted. */
export type OthersMetrics = { kind: "collected"; id: number; snapshots: Snapshot[] };

/** State of the other workers, for the probes. */
export interface OthersState {
  /** False while connections may reach a worker that does not respond. */
  respond: boolean;
  /** Their warnings for the operator. */
  warnings: string[];
}

/** Requests that a worker has admitted, which the rate limits of the other workers count too. */
export interface AdmittedRequests {
  /** Tells it from other messages. */
  kind: "admitted";
  /** Requests of each client since the last message. */
  counts: RequestCounts;
}

/** Message from a worker to the supervisor. */
export type FromWorker =
  | { kind: "listening"; url: string }
  | { kind: "opened" }
  | { kind: "alive"; warnings: string[] }
  | ChangeAnswer
  | AdmittedRequests
  | { kind: "collect"; id: number }
  | Measured;

/** Milliseconds between two messages of {@linkcode AdmittedRequests}. */
export const COUNT_INTERVAL_MS = 200;

/** Milliseconds between two signs of life of a worker. */
export const ALIVE_INTERVAL_MS = 1000;
