import type { Config } from "./config.ts";
import { FilesystemObjectStore } from "./storage/objects/filesystem.ts";
import { MemoryObjectStore, MemoryTable, type ObjectStore, SqliteTable, type Table } from "./storage/mod.ts";

/** Where this process keeps everything. */
export interface Storage {
  objects: ObjectStore;
  table: Table;
  /** Whether both answer. */
  ready: () => Promise<boolean>;
  /** Lets go of it; what was acknowledged is durable all the same. */
  close: () => Promise<void>;
}

/**
 * Opens what the configuration names.
 *
 * @throws {Error} with what a person can do something about: no such place, no right to it, not ours.
 */
export async function openStorage({ storage, data }: Pick<Config, "storage" | "data">): Promise<Storage> {
  if (storage === "memory") return withReady(new MemoryObjectStore(), new MemoryTable(), async () => {});
  try {
    const objects = await FilesystemObjectStore.open(`${data}/objects`);
    const table = await SqliteTable.open(`${data}/table.sqlite`);
    return withReady(objects, table, () => table.close());
  } catch (error) {
    throw new Error(`Cannot use the data folder "${data}": ${(error as Error).message}`, { cause: error });
  }
}

function withReady(objects: ObjectStore, table: Table, close: () => Promise<void>): Storage {
  const ready = async () => {
    await Promise.all([table.get({ pk: "ready", sk: "ready" }), objects.size("ready")]);
    return true;
  };
  return { objects, table, ready, close };
}
