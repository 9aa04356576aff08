import type { ReplicaObjects, Replicas, ReplicaTable } from "../../registry/near/mod.ts";
import { type Caller, type Shared, SimulatedTable } from "./stores.ts";

/** Replicas of both stores, as a process finds them. */
export interface SimulatedReplicas {
  tables: Replicas<ReplicaTable>;
  objects: Replicas<ReplicaObjects>;
}

/**
 * Replicas of both stores. Each item of the table is as old as an eventually consistent read may be, and any object may
 * be missing. Now and then no replica is near.
 */
export function replicasOf(shared: Shared, call: Caller, below: (n: number) => number): SimulatedReplicas {
  const table = new SimulatedTable(shared, call);
  const reading = <T>(replica: T): Replicas<T> => ({
    async read(read) {
      if (below(8) === 0) return undefined;
      return await read(replica).catch(() => undefined);
    },
  });
  const ask = <T>(method: string, key: string, run: () => Promise<T>) =>
    call({
      text: () => `${method} ${key} at a replica`,
      footprint: { place: "objects", name: key, writes: false },
      run: () => below(3) === 0 ? Promise.resolve(undefined) : run(),
    });
  return {
    tables: reading({ getMany: (keys) => table.getMany(keys) }),
    objects: reading({
      get: (key, range) => ask("get object", key, () => shared.objects.get(key, range)),
      size: (key) => ask("size of", key, () => shared.objects.size(key)),
    }),
  };
}
