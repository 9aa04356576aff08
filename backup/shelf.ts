import { randomId, readObject } from "../registry/stored.ts";
import { type ObjectStore, pagesOf, pause } from "../storage/ports.ts";
import { BackupError } from "./backup_error.ts";
import { ObjectWriter } from "./object_writer.ts";

/** Prefix of backups in an object store, beside `blobs/` and `manifests/`, which hold the content of items. */
const BACKUPS = "backups/";

/** Name of a backup: its start time (ISO 8601 without separators) and a random part. */
const NAME = /^(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z-[0-9a-f]{8}$/;

/** Minimum age of an incomplete backup that counts as left by a crash, in milliseconds. */
const ABANDONED_AFTER_MS = 24 * 60 * 60_000;

/** Keys of one request. */
const PAGE_KEYS = 1000;

/** A backup in an object store. */
export interface StoredBackup {
  /** Name by which it is restored. */
  name: string;
  /** Bytes. */
  size: number;
}

/** New unique name for a backup that begins now. */
export function newBackupName(now: number): string {
  const time = new Date(now).toISOString().replace(/\.\d+|[-:]/g, "").toLowerCase();
  return `${time}-${randomId().slice(0, 8)}`;
}

/** True if `text` is the name of a backup in a store, and not a path. */
export function isBackupName(text: string): boolean {
  return NAME.test(text);
}

/** Stores a backup under its name. Removes incomplete backups that a crash has left. */
export async function shelve(
  objects: ObjectStore,
  name: string,
  backup: ReadableStream<Uint8Array<ArrayBuffer>>,
  now: number,
): Promise<void> {
  await abortAbandoned(objects, now);
  const writer = new ObjectWriter(objects, BACKUPS + name);
  try {
    for await (const chunk of backup) await writer.write(chunk);
    await writer.publish();
  } catch (error) {
    await writer.drop().catch(() => {}); // a later backup does it
    throw error;
  }
}

async function abortAbandoned(objects: ObjectStore, now: number): Promise<void> {
  for (const { key, partsId } of await objects.listParts(BACKUPS, PAGE_KEYS)) {
    const [, ...numbers] = NAME.exec(key.slice(BACKUPS.length)) ?? [];
    const [year, month, day, hour, minute, second] = numbers.map(Number);
    const begunAt = Date.UTC(year!, month! - 1, day, hour, minute, second);
    if (begunAt < now - ABANDONED_AFTER_MS) await objects.abortParts(key, partsId);
  }
}

/** The backups of a store, the oldest first. */
export async function* listBackups(objects: ObjectStore): AsyncGenerator<StoredBackup> {
  const list = (from: { after?: string }) => objects.list(BACKUPS, { ...from, limit: PAGE_KEYS });
  for await (const keys of pagesOf(list, (key) => key, PAGE_KEYS)) {
    for (const key of keys) {
      const size = await objects.size(key);
      if (size !== undefined) yield { name: key.slice(BACKUPS.length), size };
    }
  }
}

/**
 * Bytes of a backup; continues after failures of the store.
 *
 * @throws {BackupError} if no backup has this name.
 */
export async function openShelved(
  objects: ObjectStore,
  name: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const found = isBackupName(name) ? await readObject({ objects, sleep: pause }, BACKUPS + name) : undefined;
  if (found === undefined) {
    throw new BackupError(`Cannot find backup "${name}" in the object store (restore --list lists them)`);
  }
  return ReadableStream.from(copies(found.chunks));
}

/** The reader owns a chunk only until the next one. */
async function* copies(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const chunk of chunks) yield chunk.slice();
}
