import { inParallel, type ObjectStore } from "../storage/ports.ts";
import type { Archive } from "./archive.ts";
import { copyObject } from "./copy_object.ts";
import { batches } from "./flow.ts";
import { latest, nameOf, objectOf } from "./kinds.ts";
import { restore } from "./restore.ts";
import type { RestoreReport } from "./restore_options.ts";
import type { Stores } from "./snapshot.ts";

/** Options of {@linkcode copyRegistry}. */
export interface CopyOptions {
  /** The objects that the archive's items name; only read. */
  from: ObjectStore;
  /** Destination. Its table must be empty, or contain the result of an earlier copy from `source`. */
  to: Stores;
  /** Id of the source, by which an interrupted copy continues. */
  source: string;
  /** Bytes of the largest object that `to` can have. */
  largest?: number | undefined;
  /** `strict` reports manifests whose blobs or children are missing. */
  references: "strict" | "sparse";
  /** True to leave a purge of the shared cache of the destination. False by default. */
  purges?: boolean;
  /** Called with a line for each thing that was not copied. */
  report: (line: string) => void;
  /** Called with the bytes of each object that was copied. */
  progress: (bytes: number) => void;
}

/** Objects on their way at once: each holds a part. */
const PARALLEL_OBJECTS = 4;

/** Lines of an archive at a time. */
const BATCH_LINES = 100;

/**
 * Copies a registry from a backup that was just made: its objects from one store to another, each verified against its
 * digest, and its items into an empty table. Open uploads are left out, because the ETags of their parts are invalid in
 * another store.
 *
 * @throws {BackupError} if the table contains anything else.
 */
export async function copyRegistry(items: Archive, options: CopyOptions): Promise<RestoreReport> {
  const { from, to, largest, progress } = options;
  return await restore({ id: options.source, items: () => items.items() }, {
    ...to,
    references: options.references,
    ...(options.purges !== undefined && { purges: options.purges }),
    obtain: (object) => copyObject({ from, to: to.objects, largest }, object, progress),
    parallel: PARALLEL_OBJECTS,
    uploads: "leave out",
    report: options.report,
  });
}

/**
 * Copies the objects alone, which is what takes the time: may be done again and again while the registry is in use, so
 * that only few are left for the copy of everything. Answers how many could not be copied.
 */
export async function copyObjects(
  items: Archive,
  options: Pick<CopyOptions, "from" | "largest" | "report" | "progress"> & { to: ObjectStore },
): Promise<number> {
  let failed = 0;
  for await (const batch of batches(items.items(), BATCH_LINES)) {
    await inParallel(latest(batch), PARALLEL_OBJECTS, async (item) => {
      const object = objectOf(item);
      const reason = object && await copyObject(options, object, options.progress);
      if (reason === undefined) return;
      failed++;
      options.report(`${nameOf(item)}: ${reason}`);
    });
  }
  return failed;
}
