import { createLog } from "../process/mod.ts";
import { openStorage, type Storage } from "../process/open/open_storage.ts";
import { type Config, StartError } from "../config/mod.ts";
import { FilesystemObjectStore, MemoryTable, unlessAbsent } from "../storage/mod.ts";

/**
 * Opens the storage of an existing registry, for work beside it.
 *
 * @throws {StartError} if the storage contains no registry, or is the memory of another process.
 */
export async function openForUpkeep(config: Config): Promise<Storage> {
  assertLasting(config);
  if (config.storage === "folder") await assertIn(config.data, "table.sqlite");
  return await open(config);
}

/**
 * Opens the objects of a registry whose table may be lost. Without `writes` nothing is created: an empty table in
 * memory replaces a missing one.
 *
 * @throws {StartError} if no objects exist.
 */
export async function openForRestore(config: Config, { writes }: { writes: boolean }): Promise<Storage> {
  assertLasting(config);
  if (config.storage !== "folder") return await open(config);
  await assertIn(config.data, "objects");
  if (writes || await exists(`${config.data}/table.sqlite`)) return await open(config);
  const objects = await FilesystemObjectStore.open(`${config.data}/objects`);
  return { objects, table: new MemoryTable(), close: async () => {} };
}

/**
 * Opens the storage that a copy goes to; a data folder is made.
 *
 * @throws {StartError} if it can't be used.
 */
export async function openForCopy(config: Config): Promise<Storage> {
  assertLasting(config);
  return await open(config);
}

// Not literal, so that no command for a folder loads the AWS SDK: see open_storage.ts.
const importProvision = (): Promise<typeof import("./provision/mod.ts")> =>
  import(new URL("provision/mod.ts", import.meta.url).href);

async function open(config: Config): Promise<Storage> {
  const quiet = { ...config, s3VerifiesContent: "off" } as const;
  if (config.storage !== "aws") return await openStorage(quiet, createLog({ format: "off" }));
  const { assertCredentials, assertReachable } = await importProvision();
  await assertCredentials(config);
  const storage = await openStorage(quiet, createLog({ format: "off" }));
  try {
    await assertReachable(config, storage);
    return storage;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

function assertLasting({ storage }: Config): void {
  if (storage !== "memory") return;
  throw new StartError('Cannot use the storage: "memory" exists only in the process that serves it');
}

/** A mistyped path must neither look like an empty registry nor become one. */
async function assertIn(data: string, name: string): Promise<void> {
  if (await exists(`${data}/${name}`)) return;
  throw new StartError(
    `Cannot find a registry in "${data}": no ${name} (set SKERRY_DATA; the registry makes a new one when it starts)`,
  );
}

async function exists(path: string): Promise<boolean> {
  return await unlessAbsent(Deno.stat(path)) !== undefined;
}
