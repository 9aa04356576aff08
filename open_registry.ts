import { cached } from "./cache/mod.ts";
import type { Log } from "./log.ts";
import { createRegistry, readOnly, type Registry, withDeletes } from "./registry/mod.ts";
import {
  FilesystemObjectStore,
  MemoryObjectStore,
  MemoryTable,
  type ObjectStore,
  SqliteTable,
  type Table,
} from "./storage/mod.ts";
import type { Config } from "./settings.ts";
import { StartError } from "./start_error.ts";
import { startSweeper } from "./sweeper.ts";

/** A registry with all that it stands on. */
export interface OpenRegistry {
  /** With all that the configuration takes away, and the cache. */
  registry: Registry;
  /** Whether what it stands on answers. */
  ready: () => Promise<boolean>;
  /** Ends its upkeep and lets go of the storage. What was acknowledged is durable with or without it. */
  close: () => Promise<void>;
}

/**
 * Opens the storage that the configuration names, and the registry over it.
 *
 * @throws {StartError} with what a person can do something about: no such place, no right to it, not ours.
 */
export async function openRegistry(config: Config, log: Log): Promise<OpenRegistry> {
  const { objects, table, close } = await openStorage(config);
  const { registry, sweep } = createRegistry({ ...config, objects, table, touch: !config.readOnly });
  const sweeper = startSweeper({
    interval: config.readOnly ? 0 : config.sweepInterval,
    failed: (error) => log.error("Cannot sweep expired uploads", error),
    async sweep() {
      const { uploads, objects } = await sweep();
      if (uploads > 0) log.info("Removed expired uploads", { uploads, objects });
    },
  });
  return {
    registry: restrict(registry, config),
    async ready() {
      await Promise.all([table.get({ pk: "ready", sk: "ready" }), objects.size("ready")]);
      return true;
    },
    async close() {
      sweeper.stop();
      await close();
    },
  };
}

interface Storage {
  objects: ObjectStore;
  table: Table;
  close: () => Promise<void>;
}

async function openStorage({ storage, data }: Config): Promise<Storage> {
  if (storage === "memory") {
    return { objects: new MemoryObjectStore(), table: new MemoryTable(), close: async () => {} };
  }
  try {
    const objects = await FilesystemObjectStore.open(`${data}/objects`);
    const table = await SqliteTable.open(`${data}/table.sqlite`);
    return { objects, table, close: () => table.close() };
  } catch (error) {
    throw new StartError(`Cannot use the data folder "${data}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The registry with what the configuration takes away and what the cache adds. */
function restrict(registry: Registry, config: Config): Registry {
  const { deleteTags: tags, deleteManifests: manifests, deleteBlobs: blobs } = config;
  const deletable = withDeletes(registry, { tags, manifests, blobs });
  const allowed = config.readOnly ? readOnly(deletable) : deletable;
  return config.cacheAge > 0 ? cached(allowed, { age: config.cacheAge }) : allowed;
}
