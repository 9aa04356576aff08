import type { Digest } from "../../oci/mod.ts";
import type { Actor } from "./actors.ts";
import type { Danger } from "./choices.ts";
import type { Receiver } from "./event_receiver.ts";

/** Actors, faults and settings of a run. */
export interface Scenario {
  /** Actors before all others, one after the other, without faults. */
  given: Actor[];
  /** Blobs and manifests that then lose their objects, as after a write that took effect far too late. */
  lost?: { digest: Digest }[];
  /** Milliseconds after that. */
  later: number;
  /** Actors at the same time. */
  actors: Actor[];
  /** Kinds and number of faults; by default the seed decides. */
  danger?: Danger;
  /** True if candidates name all garbage even after crashes: then no full pass runs. */
  candidatesSuffice?: boolean;
  /** True if the tag `FIXED` is immutable. */
  immutable?: boolean;
  /** True if manifests may reference what does not exist. */
  sparse?: boolean;
  /** Maximum bytes of `LIMITED`, for each process; unlimited by default. */
  quota?: number;
  /** Time until an idle upload expires, in milliseconds. Default: {@linkcode EXPIRY_MS}. */
  expiry?: number;
  /**
   * Table that pulls read, where there are replicas: the home table or a replica. Bytes of blobs then come from a replica
   * in both cases. By default there are no replicas.
   */
  tableReads?: "home" | "near";
  /** True if a shared cache in front of the processes is purged. */
  purges?: boolean;
  /** Receiver of the events of all changes; absent if there is none. */
  events?: Receiver;
  /** True if the table counts its changes. */
  counts?: boolean;
  /** True if the object store verifies content that comes as a stream. */
  verifies?: boolean;
}
