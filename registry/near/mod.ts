/**
 * Reads of clients from replicas of the object store and of the table, which are nearer than the home stores.
 *
 * @module
 */
export {
  type NearObjects,
  nearObjects,
  type NearObjectsOptions,
  type ReplicaObjects,
} from "./near_objects.ts";
export { nearReads, type NearReadsOptions, type ReplicaTable } from "./near_reads.ts";
export type { Replicas } from "./replicas.ts";
