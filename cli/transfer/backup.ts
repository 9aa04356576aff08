import { dirname } from "node:path";
import {
  type BackupCounts,
  type BackupHeader,
  newBackupName,
  shelve,
  snapshot,
  type Stores,
  writeArchive,
} from "../../backup/mod.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { PRIVATE_FILE_MODE, syncFolder } from "../../storage/mod.ts";
import { counted } from "../counted.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/**
 * `skerry backup`: writes all items of the table, while the registry runs, into a file or into the object store.
 *
 * @returns The exit code.
 * @throws {StartError} if the storage or the file can't be used.
 */
export async function backup(
  config: Config,
  print: (text: string) => void,
  { to }: { to?: string | undefined } = {},
): Promise<number> {
  const storage = await openForUpkeep(config);
  try {
    const startedAt = Date.now();
    const name = newBackupName(startedAt);
    const { stream, counts } = backupOf(storage, config, { id: name, startedAt });
    if (to === undefined) await shelve(storage.objects, name, stream, startedAt);
    else await writeNewFile(to, stream);
    print(`Wrote ${counted(counts().items, "item")} to ${to === undefined ? `backup ${name}` : `"${to}"`}`);
    return 0;
  } finally {
    await storage.close();
  }
}

/** Backup of the current content, and the totals at its end, once it has been read. */
export function backupOf(
  stores: Stores,
  { grace }: Config,
  header: BackupHeader,
): { stream: ReadableStream<Uint8Array<ArrayBuffer>>; counts: () => BackupCounts } {
  let counts: BackupCounts = { items: 0, objects: 0, bytes: 0 };
  // No request runs for a grace period, and no two clocks differ by one.
  const items = snapshot(stores, header.startedAt - grace);
  const stream = writeArchive(header, items, (told) => counts = told);
  return { stream, counts: () => counts };
}

/** Writes a file that appears under its path only when it is whole and on the disk, and that only its owner can read. */
async function writeNewFile(path: string, stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const partial = `${path}.partial`;
  try {
    if (await exists(path)) throw new StartError(`Cannot write the backup: "${path}" exists`);
    // Never an existing file: another user may have made it, with a mode that lets them read the backup.
    (await Deno.open(partial, { write: true, createNew: true, mode: PRIVATE_FILE_MODE })).close();
    try {
      await Deno.writeFile(partial, stream, { create: false });
      using file = await Deno.open(partial);
      await file.sync();
      await Deno.rename(partial, path);
      await syncFolder(dirname(partial));
    } catch (error) {
      await Deno.remove(partial).catch(() => {}); // it may have its name already
      throw error;
    }
  } catch (error) {
    await stream.cancel().catch(() => {}); // it may be used up
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new StartError(
        `Cannot write the backup: "${partial}" exists (a backup that ended early left it: remove it)`,
      );
    }
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.PermissionDenied)) {
      throw error;
    }
    throw new StartError(`Cannot write the backup: ${error.message}`, { cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}
