import { Archive, assertRestorable, BackupError, copyObjects, copyRegistry } from "../../backup/mod.ts";
import type { Storage } from "../../process/open/open_storage.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { openAudit } from "../audit.ts";
import { backupOf } from "./backup.ts";
import { ProgressBar } from "./progress_bar.ts";
import { exitCodeOf, summaryOf } from "./restore.ts";
import { withScratchFolder } from "./scratch_folder.ts";
import { openForCopy, openForUpkeep } from "../upkeep_storage.ts";

/** Arguments of `skerry copy`. */
export interface CopyCommand {
  /** Configuration of the destination. */
  to: Config;
  /** True to copy objects only, and no items. */
  objectsOnly: boolean;
}

/**
 * `skerry copy`: copies the configured registry to another storage with an empty table.
 *
 * @returns The exit code: 1 if something could not be copied.
 * @throws {StartError} if one of the two cannot be used.
 */
export async function copy(
  config: Config,
  print: (text: string) => void,
  command: CopyCommand,
): Promise<number> {
  const source = placeOf(config);
  if (source === placeOf(command.to)) throw new StartError(`Cannot copy ${source} to itself`);
  await using stack = new AsyncDisposableStack();
  // The source first: no folder is made for a copy of nothing.
  const from = await openForUpkeep(config);
  stack.defer(from.close);
  const to = await openForCopy(command.to);
  stack.defer(to.close);
  try {
    if (!command.objectsOnly) await assertRestorable(to.table, source);
    return await withScratchFolder(async (folder) => {
      const archive = await spool(from, config, `${folder}/items`);
      using bar = new ProgressBar("Copying", archive.counts.bytes);
      const options = {
        from: from.objects,
        largest: to.maxBlobSize,
        report: (line: string) => (bar.clear(), print(line)),
        progress: (bytes: number) => bar.add(bytes),
      };
      await using audit = openAudit(config);
      const record = (summary: string) =>
        audit.record({ action: "registry.copy", reason: `${source} to ${placeOf(command.to)}: ${summary}` });
      if (command.objectsOnly) {
        const failed = await copyObjects(archive, { ...options, to: to.objects });
        bar.clear();
        const summary = `Copied the objects; ${failed} could not be copied`;
        record(summary);
        print(summary);
        return failed === 0 ? 0 : 1;
      }
      const report = await copyRegistry(archive, {
        ...options,
        to,
        source,
        references: config.references,
        purges: command.to.public?.purge !== undefined,
      });
      bar.clear();
      const summary = summaryOf("Copied", report);
      record(summary);
      print(summary);
      return report.lost > 0 ? 1 : exitCodeOf(report);
    });
  } catch (error) {
    throw error instanceof BackupError ? new StartError(error.message, { cause: error }) : error;
  }
}

/** The items of a registry as they are now, in a file: they are read several times, and the table changes meanwhile. */
async function spool(from: Storage, config: Config, path: string): Promise<Archive> {
  const { stream } = backupOf(from, config, { id: "copy", startedAt: Date.now() });
  await Deno.writeFile(path, stream);
  return await Archive.open(async () => (await Deno.open(path)).readable);
}

/** Description of a source or destination for messages. */
function placeOf({ storage, data, s3Bucket, s3Prefix, dynamodbTable }: Config): string {
  if (storage !== "aws") return `${storage} ${data}`;
  return `bucket ${s3Bucket}/${s3Prefix}, table ${dynamodbTable}`;
}
