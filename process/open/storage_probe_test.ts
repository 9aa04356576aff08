import { assertRejects } from "@std/assert";
import {
  MemoryObjectStore,
  MemoryTable,
  SqliteTable,
  StorageFullError,
  type Table,
} from "../../storage/mod.ts";
import { probeFolder, probeStores } from "./storage_probe.ts";

const WRITABLE = { readOnly: false };

async function withFolder(test: (folder: string, table: SqliteTable) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    await Deno.mkdir(`${data}/objects`);
    await using table = await SqliteTable.open(`${data}/table.sqlite`);
    await test(`${data}/objects`, table);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

/** A table whose writes fail. */
function failing(table: Table, error: unknown): Pick<Table, "get" | "delete"> {
  return { get: (key) => table.get(key), delete: () => Promise.reject(error) };
}

Deno.test("probeFolder() resolves where folder and table can be written, again and again", async () => {
  await withFolder(async (folder, table) => {
    await probeFolder(folder, table, WRITABLE);
    await probeFolder(folder, table, WRITABLE);
    await probeFolder(folder, table, { readOnly: true });
  });
});

Deno.test("probeFolder() rejects where the folder is gone", async () => {
  await withFolder(async (folder, table) => {
    await Deno.remove(folder, { recursive: true });
    await assertRejects(() => probeFolder(folder, table, WRITABLE), Deno.errors.NotFound);
    await assertRejects(() => probeFolder(folder, table, { readOnly: true }), Deno.errors.NotFound);
  });
});

Deno.test("probeFolder() rejects where the table can only be read, unless nothing else is wanted", async () => {
  await withFolder(async (folder, table) => {
    const readable = failing(table, new Error("attempt to write a readonly database"));
    await assertRejects(() => probeFolder(folder, readable, WRITABLE), Error, "readonly");
    await probeFolder(folder, readable, { readOnly: true });
  });
});

Deno.test("probeFolder() resolves where the disk is full or the table is locked: pulls work", async () => {
  await withFolder(async (folder, table) => {
    await probeFolder(folder, failing(table, new StorageFullError("SQLITE_FULL")), WRITABLE);
    await probeFolder(
      folder,
      { get: (key) => table.get(key), delete: () => new Promise(() => {}) },
      WRITABLE,
    );
  });
});

Deno.test("probeStores() rejects where either store does not answer", async () => {
  const [objects, table] = [new MemoryObjectStore(), new MemoryTable()];
  const away = { get: () => Promise.reject(new Error("away")) };
  await probeStores(objects, table);
  await assertRejects(() => probeStores(away, table), Error, "away");
  await assertRejects(() => probeStores(objects, away), Error, "away");
});
