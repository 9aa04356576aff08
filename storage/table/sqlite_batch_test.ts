import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertThrows } from "@std/assert";
import { BatchWriter, type Write } from "./sqlite_batch.ts";
import { prepareDatabase } from "./sqlite_schema.ts";

function openDatabase(now?: (db: DatabaseSync) => number) {
  const db = new DatabaseSync(":memory:");
  prepareDatabase(db, ":memory:");
  const writer = new BatchWriter(db, now && (() => now(db)));
  const stored = () => db.prepare("SELECT sk FROM item ORDER BY sk").all().map(({ sk }) => sk);
  return { db, writer, stored, [Symbol.dispose]: () => db.close() };
}

const values = (sk: string, bytes: Uint8Array | null = null) => ["p", sk, "v", "{}", bytes, null, null];
const insert = (...sks: string[]): Write => ({
  steps: sks.map((sk) => ({ statement: "insert", values: values(sk) })),
});

Deno.test("BatchWriter run() returns how many rows each write has changed", () => {
  using opened = openDatabase();
  const { writer, stored } = opened;
  const remove = (sk: string, version: string): Write => {
    return { steps: [{ statement: "delete", values: ["p", sk, version] }] };
  };
  assertEquals(writer.run([insert("a"), insert("a"), insert("b", "c"), remove("c", "other")]), [1, 0, 2, 0]);
  assertEquals(writer.run([remove("c", "v")]), [1]);
  assertEquals(stored(), ["a", "b"]);
});

Deno.test("BatchWriter run() keeps nothing of a batch when one statement fails, and goes on after it", () => {
  using opened = openDatabase();
  const { db, writer, stored } = opened;
  const invalid: Write = {
    steps: [{ statement: "insert", values: ["p", null, "v", "{}", null, null, null] }],
  };
  assertThrows(() => writer.run([insert("a"), invalid, insert("b")]), Error, "NOT NULL");
  assertEquals([stored(), db.isTransaction], [[], false]);
  writer.run([insert("c")]);
  assertEquals(stored(), ["c"]);
});

Deno.test("BatchWriter run() throws SQLITE_FULL when there is no room, and goes on after it", () => {
  using opened = openDatabase();
  const { db, writer, stored } = opened;
  db.exec("PRAGMA max_page_count = 6");
  const big: Write = { steps: [{ statement: "insert", values: values("big", new Uint8Array(100_000)) }] };
  const { errcode } = assertThrows(() => writer.run([big])) as Error & { errcode: number };
  assertEquals(errcode, 13);
  writer.run([insert("a")]);
  assertEquals(stored(), ["a"]);
});

Deno.test("BatchWriter run() keeps nothing of a batch when COMMIT fails", () => {
  using opened = openDatabase();
  const { db, writer, stored } = opened;
  db.exec("PRAGMA foreign_keys = ON; CREATE TABLE parent (a PRIMARY KEY)");
  db.exec("CREATE TABLE child (a REFERENCES parent (a) DEFERRABLE INITIALLY DEFERRED)"); // judged at COMMIT
  db.exec("CREATE TRIGGER fail INSERT ON item WHEN new.sk = 'bad' BEGIN INSERT INTO child VALUES (1); END");
  assertThrows(() => writer.run([insert("a"), insert("bad")]), Error, "FOREIGN KEY");
  assertEquals([stored(), db.isTransaction], [[], false]);
});

Deno.test("BatchWriter run() skips a write after its fence, by the time inside the transaction", () => {
  using opened = openDatabase((db) => db.isTransaction ? 1000 : 0);
  const { writer, stored } = opened;
  const writes = [{ ...insert("a"), until: 1000 }, { ...insert("b"), until: 1001 }, insert("c")];
  assertEquals(writer.run(writes), ["late", 1, 1]);
  assertEquals(stored(), ["b", "c"]);
});
