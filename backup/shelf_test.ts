import { assertEquals, assertRejects } from "@std/assert";
import { MemoryObjectStore } from "../storage/mod.ts";
import { content } from "../tests/harness/stores.ts";
import { BackupError } from "./backup_error.ts";
import { isBackupName, listBackups, newBackupName, openShelved, shelve } from "./shelf.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Blob([bytes]).stream();
}

Deno.test("shelve() stores a backup of any size in parts, and openShelved() reads it", async () => {
  const objects = new MemoryObjectStore({ partSize: 8 });
  for (const size of [0, 7, 8, 9, 16, 100]) {
    const name = newBackupName(NOW);
    await shelve(objects, name, streamOf(content(size)), NOW);
    assertEquals(await new Response(await openShelved(objects, name)).bytes(), content(size));
  }
  assertEquals(await objects.listParts("", 10), []);
  assertEquals((await Array.fromAsync(listBackups(objects))).map(({ size }) => size).toSorted(), [
    0,
    100,
    16,
    7,
    8,
    9,
  ]);
});

Deno.test("shelve() leaves no remains of a failed backup", async () => {
  const objects = new MemoryObjectStore({ partSize: 8 });
  const failing = ReadableStream.from((async function* () {
    yield content(20);
    throw new TypeError("The table is gone");
  })());
  await assertRejects(() => shelve(objects, newBackupName(NOW), failing, NOW), TypeError);
  assertEquals([await objects.list("", { limit: 10 }), await objects.listParts("", 10)], [[], []]);
});

Deno.test("shelve() removes an incomplete backup that a crash left a day ago, and keeps a recent one", async () => {
  const objects = new MemoryObjectStore({ partSize: 8 });
  const [old, recent] = [newBackupName(NOW - 25 * 3_600_000), newBackupName(NOW - 3_600_000)];
  for (const name of [old, recent]) await objects.startParts(`backups/${name}`);
  await shelve(objects, newBackupName(NOW), streamOf(content(1)), NOW);
  assertEquals((await objects.listParts("", 10)).map(({ key }) => key), [`backups/${recent}`]);
});

Deno.test("newBackupName() sorts by time and is told from a path", () => {
  const name = newBackupName(NOW);
  assertEquals(name.slice(0, 17), "20260102t030405z-");
  assertEquals([name, `./${name}`, `${name}.gz`, "backup"].map(isBackupName), [true, false, false, false]);
});

Deno.test("openShelved() refuses a name that no backup has", async () => {
  const objects = new MemoryObjectStore();
  for (const name of [newBackupName(NOW), "../blobs/a"]) {
    await assertRejects(() => openShelved(objects, name), BackupError, `Cannot find backup "${name}"`);
  }
});
