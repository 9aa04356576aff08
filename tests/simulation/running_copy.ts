/**
 * A copy of a registry that runs, taken as docs/backup.md says: the objects, a backup of the table, the objects again.
 *
 * @module
 */
import {
  type Item,
  MemoryObjectStore,
  MemoryTable,
  type ObjectStore,
  readAll,
  type Table,
  UnavailableError,
} from "../../storage/mod.ts";
import { GRACE_MS } from "./settings.ts";
import { must } from "./violation.ts";

/** The code under test: `backup/` itself, or a copy with a mistake. */
export type BackupModule = Pick<typeof import("../../backup/mod.ts"), "snapshot" | "restore">;

/** Thrown if an unavailable store ended the copy: an operator starts again. */
export class CopyFailed extends Error {}

/** A copy, and its times. */
export interface RunningCopy {
  /** Moment of the ledger before the backup, which contains everything acknowledged by then. */
  start: number;
  /** Moment of the ledger after the copy. */
  end: number;
  /** Milliseconds that the copy took. */
  took: number;
  items: Item[];
  objects: MemoryObjectStore;
}

/** Access of a process to the stores, and its clock. */
export interface CopyMeans {
  objects: ObjectStore;
  table: Table;
  now: () => number;
  moment: () => number;
}

/** Keys of one page: few, so that other processes act during a copy. */
const PAGE_KEYS = 2;

/** Copies a registry beside all other processes. */
export async function copyRunning(
  { snapshot }: BackupModule,
  { objects, table, now, moment }: CopyMeans,
): Promise<RunningCopy> {
  const copied = new MemoryObjectStore({ partSize: objects.partSize });
  const startedAt = now();
  try {
    await copyObjects(objects, copied);
    const start = moment();
    // An unavailable store ends the backup, because retries would wait in real time.
    const items = await Array.fromAsync(snapshot({ objects, table: impatient(table) }, now() - GRACE_MS));
    await copyObjects(objects, copied);
    return { start, end: moment(), took: now() - startedAt, items, objects: copied };
  } catch (error) {
    throw error instanceof UnavailableError ? new CopyFailed() : error;
  }
}

async function copyObjects(from: ObjectStore, to: ObjectStore): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const keys = await from.list("", { ...(after !== undefined && { after }), limit: PAGE_KEYS });
    for (const key of keys) {
      if (await to.size(key) !== undefined) continue;
      const found = await from.get(key);
      if (found !== undefined) await to.put(key, await readAll(found.body));
    }
    if (keys.length < PAGE_KEYS) return;
    after = keys.at(-1);
  }
}

/** The table with another error for an outage. */
function impatient(table: Table): Table {
  const once =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
      try {
        return await call(...args);
      } catch (error) {
        throw error instanceof UnavailableError ? new CopyFailed() : error;
      }
    };
  return {
    get: once((...args: Parameters<Table["get"]>) => table.get(...args)),
    getMany: once((...args: Parameters<Table["getMany"]>) => table.getMany(...args)),
    put: once((...args: Parameters<Table["put"]>) => table.put(...args)),
    putMany: once((...args: Parameters<Table["putMany"]>) => table.putMany(...args)),
    delete: once((...args: Parameters<Table["delete"]>) => table.delete(...args)),
    query: once((...args: Parameters<Table["query"]>) => table.query(...args)),
    queryKeys: once((...args: Parameters<Table["queryKeys"]>) => table.queryKeys(...args)),
    queryIndex: once((...args: Parameters<Table["queryIndex"]>) => table.queryIndex(...args)),
    scan: once((...args: Parameters<Table["scan"]>) => table.scan(...args)),
  };
}

/** True if the copy was fast enough to be complete: no content that was in use at its start is removed during it. */
export function isInTime({ took }: RunningCopy): boolean {
  return took < GRACE_MS / 2;
}

/** The table that a restore makes of the copy. */
export async function restoreCopy({ restore }: BackupModule, copy: RunningCopy): Promise<MemoryTable> {
  const table = new MemoryTable();
  const report = await restore({ id: "copy", items: () => iterate(copy.items) }, {
    objects: copy.objects,
    table,
    references: "strict",
    obtain: async ({ key, size }) => await copy.objects.size(key) === size ? undefined : "gone",
    parallel: 1,
    uploads: "sweep",
    report: () => {},
  });
  must(report.dropped === 0, `A backup has ${report.dropped} tags whose manifest is not in it`);
  return table;
}

async function* iterate<T>(values: T[]): AsyncGenerator<T> {
  yield* values;
}
