import { CLOCK_SKEW_MS, type ObjectStore } from "../../storage/ports.ts";
import { RecentMap } from "../../storage/bounded_map.ts";
import type { ObjectReads } from "../protocol/mod.ts";
import type { Replicas } from "./replicas.ts";

/** Replica of an object store: each object is complete or missing, and arrives some time after it was written at home. */
export type ReplicaObjects = Pick<ObjectStore, "get" | "size" | "url">;

/** Options of {@linkcode nearObjects}. */
export interface NearObjectsOptions {
  /** Replicas of the store. */
  replicas: Replicas<ReplicaObjects>;
  /**
   * Age in milliseconds from which an object is in every replica, as the operator knows; 0 if that is unknown. Younger
   * objects are looked for before a client is redirected to a replica.
   */
  replicationTime: number;
  /** True if clients are redirected to the nearest replica; otherwise to the home store. */
  redirects: boolean;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Reads of objects from the nearest replica or from home. */
export interface NearObjects extends ObjectReads {
  /** URL of the object at the nearest replica for clients; `undefined` if the replica may not have the object. */
  replicaUrl(key: string, writtenAt: number): Promise<string | undefined>;
}

/** Maximum objects that are known to be in a replica. */
const MAX_SEEN = 10_000;

/**
 * Reads of objects from the nearest replica, and from home after a miss or a failure. An object has a key that was never
 * used before and never changes, so an object that a replica has is the right one.
 */
export function nearObjects(home: ObjectStore, options: NearObjectsOptions): NearObjects {
  const { replicas, replicationTime, redirects, now = Date.now } = options;
  const seen = new RecentMap<string, ReplicaObjects>(MAX_SEEN);

  /** A missing object at a replica would be a 404 that the registry never learns of. */
  async function has(replica: ReplicaObjects, key: string, writtenAt: number): Promise<boolean> {
    const isReplicated = replicationTime > 0 && writtenAt + replicationTime + CLOCK_SKEW_MS < now();
    if (isReplicated || seen.get(key) === replica) return true;
    if (await replica.size(key) === undefined) return false;
    seen.set(key, replica);
    return true;
  }

  async function replicaUrl(key: string, writtenAt: number): Promise<string | undefined> {
    if (!redirects) return undefined;
    return await replicas.read(async (replica) =>
      await has(replica, key, writtenAt) ? await replica.url?.(key) : undefined
    );
  }

  return {
    replicaUrl,
    async get(key, range) {
      return await replicas.read((replica) => replica.get(key, range)) ?? await home.get(key, range);
    },
    ...(home.url && {
      url: async (key, writtenAt) => await replicaUrl(key, writtenAt) ?? await home.url!(key),
    }),
  };
}
