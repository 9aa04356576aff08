/**
 * Purges of a shared cache: what waits in the table, and the work that makes them.
 *
 * @module
 */
export {
  type DueOptions,
  Outbox,
  type PurgeReport,
  type PurgeTarget,
  type SettledOptions,
} from "./outbox.ts";
