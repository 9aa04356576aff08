import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assertEquals } from "@std/assert";
import { prepareDatabase } from "./sqlite_schema.ts";

Deno.test("prepareDatabase() has every commit synced to a log", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "table.db");
    using db = new DatabaseSync(path);
    prepareDatabase(db, path);
    prepareDatabase(db, path); // and what is there already is left as it is
    assertEquals({ ...db.prepare("PRAGMA journal_mode").get() }, { journal_mode: "wal" });
    assertEquals({ ...db.prepare("PRAGMA synchronous").get() }, { synchronous: 2 }, "2 is FULL");
    assertEquals({ ...db.prepare("PRAGMA fullfsync").get() }, { fullfsync: 1 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
