import { scanPages, type Table } from "../storage/ports.ts";
import { BackupError } from "./backup_error.ts";

/** The item that says of a table that a restore into it has begun and is not over. */
export const MARKER = { pk: "restore", sk: "restore" } as const;

/**
 * Claims a table for a restore from `source`: an empty table, or one with an unfinished restore from the same source.
 *
 * @throws {BackupError} for any other table.
 */
export async function claimTable(table: Table, source: string): Promise<void> {
  await assertRestorable(table, source);
  await table.put({ ...MARKER, attributes: { source } }, { ifAbsent: true });
  // Another restore may have started at the same time.
  await assertRestorable(table, source);
}

/** Checks the table like {@linkcode claimTable}, without a write. */
export async function assertRestorable(table: Table, source: string): Promise<void> {
  const marker = await table.get(MARKER, { consistent: true });
  if (marker?.attributes.source === source) return;
  if (marker !== undefined) {
    throw new BackupError(`Cannot restore into the table: it contains part of ${marker.attributes.source}`);
  }
  if (!await isEmpty(table)) throw new BackupError("Cannot restore into the table: it is not empty");
}

/** Releases the table after the restore. */
export async function releaseTable(table: Table): Promise<void> {
  const marker = await table.get(MARKER, { consistent: true });
  if (marker !== undefined) await table.delete(MARKER, { ifVersion: marker.version });
}

async function isEmpty(table: Table): Promise<boolean> {
  for await (const { items } of scanPages(table, { limit: 1, consistent: true })) {
    if (items.length > 0) return false;
  }
  return true;
}
