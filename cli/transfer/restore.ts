import {
  Archive,
  assertRestorable,
  BackupError,
  isBackupName,
  listBackups,
  type NamedObject,
  openShelved,
  restore as restoreTable,
  type RestoreReport,
  Salvage,
} from "../../backup/mod.ts";
import type { Storage } from "../../process/open/open_storage.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { type ObjectStore, SqliteTable } from "../../storage/mod.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { ProgressBar } from "./progress_bar.ts";
import { withScratchFolder } from "./scratch_folder.ts";
import { openForRestore } from "../upkeep_storage.ts";

/** Arguments of `skerry restore`. */
export interface RestoreCommand {
  /** A file, or the name of a backup in the object store. */
  from: string;
  /** True to restore blobs from objects that the backup does not name. */
  fromObjects: boolean;
  /** True to report only, whatever the table contains. */
  dryRun: boolean;
}

/** Objects that are looked for at once. */
const PARALLEL_OBJECTS = 16;

/** Number of reads of a verified backup. */
const MAX_READS = 3;

/**
 * `skerry restore`: rebuilds the configured, empty table from a backup.
 *
 * @returns The exit code: 1 if something could not be restored.
 * @throws {StartError} if the backup or the table is unusable, before any write.
 */
export async function restore(
  config: Config,
  print: (text: string) => void,
  command: RestoreCommand,
): Promise<number> {
  return await withStorage(config, { writes: !command.dryRun }, async (storage) => {
    const archive = await Archive.open(() => openBackup(storage.objects, command.from));
    const source = `backup ${archive.header.id}`;
    await assertRestorable(storage.table, source).catch((error) => {
      if (!command.dryRun) throw error;
      print(error.message);
    });
    const { startedAt } = archive.header;
    print(`Backup of ${new Date(startedAt).toISOString()}, ${counted(archive.counts.items, "item")}`);
    return await withScratchFolder(async (folder) => {
      await using scratch = await SqliteTable.open(`${folder}/objects.sqlite`);
      await using rehearsal = await SqliteTable.open(`${folder}/table.sqlite`);
      using bar = new ProgressBar("Restoring", MAX_READS * archive.counts.items);
      const report = (line: string) => (bar.clear(), print(line));
      const { objects } = storage;
      const salvage = command.fromObjects
        ? new Salvage({ objects, scratch, now: Date.now, report })
        : undefined;
      const restored = await restoreTable({ id: source, items: () => archive.items() }, {
        objects,
        // What is rehearsed takes the same steps, elsewhere.
        table: command.dryRun ? rehearsal : storage.table,
        references: config.references,
        purges: config.public?.purge !== undefined,
        obtain: (object) => reasonOfLoss(objects, object),
        parallel: PARALLEL_OBJECTS,
        uploads: "sweep",
        salvage,
        report,
        progress: (lines) => bar.add(lines),
      });
      bar.clear();
      const summary = summaryOf(command.dryRun ? "Would restore" : "Restored", restored);
      await using audit = openAudit(config);
      if (!command.dryRun) audit.record({ action: "registry.restore", reason: `${source}: ${summary}` });
      print(summary);
      if (salvage !== undefined) print(`Blobs restored from objects: ${salvage.adopted}`);
      return exitCodeOf(restored);
    });
  });
}

/** `skerry restore --list`: the backups in the object store, the oldest first. */
export async function printBackups(config: Config, print: (text: string) => void): Promise<number> {
  return await withStorage(config, { writes: false }, async ({ objects }) => {
    for await (const { name, size } of listBackups(objects)) print(`${name}  ${size} bytes`);
    return 0;
  });
}

/** Summary of a restore or copy in one line. */
export function summaryOf(verb: string, report: RestoreReport): string {
  const { tags, manifests, blobs, lost, incomplete, dropped } = report;
  return `${verb} ${counted(tags, "tag")}, ${counted(manifests, "manifest")} and ${
    counted(blobs, "blob")
  }; ` +
    `missing: ${counted(lost, "object")}, the manifests of ${counted(dropped, "tag")}; ` +
    `incomplete: ${counted(incomplete, "manifest")}`;
}

/** Exit code: 1 if content that was readable is lost. A missing blob alone may have been collected since. */
export function exitCodeOf({ incomplete, dropped }: RestoreReport): number {
  return incomplete + dropped > 0 ? 1 : 0;
}

/** Runs `use` with the storage; turns problems that the operator can solve into a `StartError`. */
async function withStorage(
  config: Config,
  options: { writes: boolean },
  use: (storage: Storage) => Promise<number>,
): Promise<number> {
  const storage = await openForRestore(config, options);
  try {
    return await use(storage);
  } catch (error) {
    throw error instanceof BackupError ? new StartError(error.message, { cause: error }) : error;
  } finally {
    await storage.close();
  }
}

async function openBackup(
  objects: ObjectStore,
  from: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (isBackupName(from)) return await openShelved(objects, from);
  try {
    return (await Deno.open(from)).readable;
  } catch (error) {
    throw new BackupError(`Cannot read the backup: ${(error as Error).message}`, { cause: error });
  }
}

async function reasonOfLoss(objects: ObjectStore, { key, size }: NamedObject): Promise<string | undefined> {
  const found = await objects.size(key);
  if (found === size) return undefined;
  return found === undefined
    ? `its object is missing: ${key}`
    : `its object has ${found} bytes instead of ${size}: ${key}`;
}
