import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UnavailableError } from "../errors.ts";
import type { Write } from "./sqlite_batch.ts";
import { isBusy } from "./sqlite_busy.ts";
import { prepareDatabase } from "./sqlite_schema.ts";
import { SqliteWriter, type SqliteWriterOptions } from "./sqlite_writer.ts";

/** Folder of the databases. The sources are outside of it, even if the repository is in the folder of temporary files. */
const TEMPORARY = Deno.makeTempDirSync({ prefix: "skerry-writer-" });
addEventListener("unload", () => Deno.removeSync(TEMPORARY, { recursive: true }));

async function openWriter(options?: SqliteWriterOptions) {
  const folder = await Deno.makeTempDir({ dir: TEMPORARY });
  const path = `${folder}/table.sqlite`;
  const db = new DatabaseSync(path);
  prepareDatabase(db, path);
  const writer = await SqliteWriter.of(path, options);
  const stored = () => db.prepare("SELECT sk FROM item ORDER BY sk").all().map(({ sk }) => sk);
  return {
    path,
    db,
    writer,
    stored,
    async [Symbol.asyncDispose]() {
      await writer.close();
      db.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const insert = (sk: string): Write => ({
  steps: [{ statement: "insert", values: ["p", sk, "v", "{}", null, null, null] }],
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("SqliteWriter commit() makes its writes visible to another connection", async () => {
  await using opened = await openWriter();
  const { writer, stored } = opened;
  assertEquals(await writer.commit([insert("a"), insert("b"), insert("a")]), [1, 1, 0]);
  assertEquals(stored(), ["a", "b"]);
});

Deno.test("SqliteWriter commit() throws SQLite's error with its code, and goes on after it", async () => {
  await using opened = await openWriter();
  const { db, writer, stored } = opened;
  db.exec("BEGIN IMMEDIATE");
  const error = await assertRejects(() => writer.commit([insert("a")]), Error, "locked");
  assertEquals(isBusy(error), true);
  db.exec("ROLLBACK");
  await writer.commit([insert("b")]);
  assertEquals(stored(), ["b"]);
});

/** True if this process has the file open; Linux. */
function isOpen(path: string): boolean {
  return [...Deno.readDirSync("/proc/self/fd")].some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // the descriptor of the folder that is read
    }
  });
}

Deno.test({
  name: "SqliteWriter ends its thread when it is idle, and starts another for the next batch",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using opened = await openWriter({ idle: 0 });
    const { path, db, writer, stored } = opened;
    db.close(); // from here on only the thread has the database open
    await writer.commit([insert("a")]);
    while (isOpen(path)) await turn();
    await writer.commit([insert("b")]);
    while (isOpen(path)) await turn(); // the last connection locks the database while it closes
    db.open();
    assertEquals(stored(), ["a", "b"]);
  },
});

Deno.test("SqliteWriter commit() rejects when the file was replaced, and leaves the new one alone", async () => {
  await using opened = await openWriter();
  const { path, writer } = opened;
  await Deno.rename(path, `${path}.old`);
  await assertRejects(() => writer.commit([insert("a")]), Deno.errors.NotFound);
  await Deno.writeTextFile(path, "");
  await assertRejects(() => writer.commit([insert("a")]), Error, "the file was replaced while it was open");
  assertEquals((await Deno.stat(path)).size, 0);
});

Deno.test("SqliteWriter commit() rejects after close()", async () => {
  await using opened = await openWriter();
  const { writer } = opened;
  await writer.commit([insert("a")]);
  await writer.close();
  await assertRejects(() => writer.commit([insert("b")]), Error, "it is closed");
});

Deno.test({
  name: "SqliteWriter commit() rejects with UnavailableError when its thread cannot start, each time",
  // The folder of the database, and not the thread's module.
  permissions: { read: [TEMPORARY], write: [TEMPORARY] },
  async fn() {
    await using opened = await openWriter();
    const { writer, stored } = opened;
    for (let n = 0; n < 2; n++) {
      const { cause } = await assertRejects(() => writer.commit([insert("a")]), UnavailableError);
      assertMatch((cause as Error).message, /Requires read access to ".*sqlite_thread\.ts"/);
    }
    assertEquals(stored(), []);
  },
});
