import { isStorageFull, type ObjectStore, type Table, withTimeout } from "../../storage/ports.ts";

/** Key of no item, and of no object. */
const NOTHING = { pk: "ready", sk: "ready" };

/** Milliseconds that a write to a locked table is waited for. */
const LOCK_LIMIT_MS = 500;

/** Reads from both stores. Rejects if the table or the bucket is missing, refuses or does not answer. */
export async function probeStores(
  objects: Pick<ObjectStore, "get">,
  table: Pick<Table, "get">,
): Promise<void> {
  await Promise.all([probeObjects(objects), probeTable(table)]);
}

/** Reads from the object store. Rejects if the bucket is missing, refuses or does not answer. */
export async function probeObjects(objects: Pick<ObjectStore, "get">): Promise<void> {
  // Not `size`: the answer to a HEAD does not tell a missing bucket from a missing object.
  const object = await objects.get(NOTHING.pk);
  await object?.body.cancel();
}

/** Reads from the table. Rejects if it is missing, refuses or does not answer. */
export async function probeTable(table: Pick<Table, "get">): Promise<void> {
  await table.get(NOTHING);
}

/**
 * Reads the table, and writes to the objects' folder and to the table unless `readOnly`. A full disk and a table that
 * another process has locked do not count as failures: pulls work, and pushes are answered with 507 or 503.
 */
export async function probeFolder(
  folder: string,
  table: Pick<Table, "get" | "delete">,
  { readOnly }: { readOnly: boolean },
): Promise<void> {
  await table.get(NOTHING);
  if (readOnly) return void await Deno.stat(folder);
  const writes = [
    // A transaction that changes nothing takes the lock and the right to write, and no fsync.
    withTimeout(table.delete(NOTHING, { ifVersion: "" }), LOCK_LIMIT_MS, () => {}),
    // No key has a dot in it, so this is no object.
    Deno.writeTextFile(`${folder}/.probe`, "ready\n", { mode: 0o600 }),
  ];
  for (const result of await Promise.allSettled(writes)) {
    if (result.status === "rejected" && !isStorageFull(result.reason)) throw result.reason;
  }
}
