import { sharedGets } from "../../cache/shared_gets.ts";
import { type Config, replicaCredentials, replicaOptions } from "../../config/mod.ts";
import type { Registry } from "../../registry/mod.ts";
import { nearObjects, nearReads } from "../../registry/near/mod.ts";
import type { CredentialSource } from "../../storage/aws/mod.ts";
import { Nearest, type Replica } from "../../storage/nearest.ts";
import { S3ObjectStore } from "../../storage/objects/s3/mod.ts";
import type { ObjectStore, Table } from "../../storage/ports.ts";
import { DynamoTable } from "../../storage/table/dynamodb/mod.ts";
import type { Log } from "../log/mod.ts";
import { probeObjects, probeTable } from "./storage_probe.ts";

/** Maximum milliseconds of the bytes of small blobs in memory, which are true for ever. */
const SMALL_BLOB_AGE_MS = 60 * 60_000;

/** Home stores, their credentials, and the log. */
export interface HomeStores {
  /** Object store of all writes. */
  objects: ObjectStore;
  /** Table of all writes. */
  table: Table;
  /** Credentials for both. */
  credentials: CredentialSource;
  /** Log of changes of the nearest replica. */
  log: Log;
}

/** Opens the configured replicas, as `OpenReplicas` of open_storage.ts. Sends no request. */
export async function openReplicas(config: Config, home: HomeStores) {
  const { buckets, tables } = await openStores(config, home.credentials);
  const objects = nearObjects(home.objects, {
    replicas: new Nearest({
      replicas: buckets,
      pingHome: () => probeObjects(home.objects),
      ...reports(home.log, "blobs"),
    }),
    replicationTime: config.replicationTime,
    // A distribution or a proxy for clients is one for the home bucket.
    redirects: config.redirectEndpoint === "",
  });
  const nearestTable = new Nearest({
    replicas: tables,
    pingHome: () => probeTable(home.table),
    ...reports(home.log, "the table"),
  });
  const { tableReads, grace, deadline } = config;
  return {
    objects,
    over(registry: Registry, share: number): Registry {
      if (tableReads === "home") return registry;
      const near = nearReads(registry, { tables: nearestTable, objects, grace, deadline, now: Date.now });
      return sharedGets(near, { share, age: SMALL_BLOB_AGE_MS });
    },
    async close() {
      for (const { store } of tables) await store[Symbol.asyncDispose]();
    },
  };
}

/** Stores of all replicas that have one. */
async function openStores(
  config: Config,
  credentials: CredentialSource,
): Promise<{ buckets: Replica<S3ObjectStore>[]; tables: Replica<DynamoTable>[] }> {
  const buckets: Replica<S3ObjectStore>[] = [];
  const tables: Replica<DynamoTable>[] = [];
  for (const replica of config.readReplicas) {
    const name = replica.region;
    const own = replicaCredentials(replica) ?? credentials;
    const { s3, dynamo } = replicaOptions(config, replica);
    if (s3 !== undefined) {
      const store = await S3ObjectStore.open(s3, own);
      buckets.push({ name, store, ping: () => probeObjects(store) });
    }
    if (dynamo !== undefined) {
      const store = await DynamoTable.open(dynamo, own);
      tables.push({ name, store, ping: () => probeTable(store) });
    }
  }
  return { buckets, tables };
}

/** Log lines about the replicas of `what`. */
function reports(log: Log, what: string) {
  return {
    chosen(replica: { name: string } | undefined) {
      if (replica === undefined) log.info(`Reading ${what} at home: it is nearer than every replica`);
      else log.info(`Reading ${what} from the nearest replica`, { region: replica.name });
    },
    failed({ name }: { name: string }, error: unknown) {
      log.warn(`Cannot read ${what} from a replica: reading at home until it answers`, {
        region: name,
        error: String(error),
      });
    },
  };
}
