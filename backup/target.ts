import type { Table } from "../storage/ports.ts";
import { BackupError } from "./backup_error.ts";

/** The item that says of a table that a restore into it has begun and is not over. */
export const MARKER = { pk: "restore", sk: "restore" } as const;

/**
 * Takes an empty table for what is to be restored from `source`, or one that an earlier restore from the same source has
 * left unfinished.
 *
 * @throws {BackupError} for every other table.
 */
export async function claimTable(table: Table, source: string): Promise<void> {
  await assertRestorable(table, source);
  await table.put({ ...MARKER, attributes: { source } }, { ifAbsent: true });
  // Another one may have begun at the same time.
  await assertRestorable(table, source);
}

/** As {@linkcode claimTable}, but only looks. */
export async function assertRestorable(table: Table, source: string): Promise<void> {
  const marker = await table.get(MARKER, { consistent: true });
  if (marker?.attributes.source === source) return;
  if (marker !== undefined) {
    throw new BackupError(`Cannot restore into the table: it contains part of ${marker.attributes.source}`);
  }
  if (!await isEmpty(table)) throw new BackupError("Cannot restore into the table: it is not empty");
}

/** Says that the restore is over. */
export async function releaseTable(table: Table): Promise<void> {
  const marker = await table.get(MARKER, { consistent: true });
  if (marker !== undefined) await table.delete(MARKER, { ifVersion: marker.version });
}

async function isEmpty(table: Table): Promise<boolean> {
  let page = await table.scan({ limit: 1, consistent: true });
  while (page.items.length === 0 && page.next !== undefined) {
    page = await table.scan({ after: page.next, limit: 1, consistent: true });
  }
  return page.items.length === 0;
}
