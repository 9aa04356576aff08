import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { StorageFullError, toStorageError } from "./errors.ts";

Deno.test({
  name: "toStorageError() answers StorageFullError when the file system has no room",
  ignore: Deno.build.os !== "linux", // the only one with a device that is always full
  async fn() {
    using full = await Deno.open("/dev/full", { write: true });
    const error = await full.write(new Uint8Array(1)).then(() => undefined, (error) => error);
    const told = toStorageError(error);
    assertInstanceOf(told, StorageFullError);
    assertStrictEquals(told.cause, error);
  },
});

Deno.test("toStorageError() answers StorageFullError when SQLite has no room", () => {
  using db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (a); PRAGMA max_page_count = 2");
  const error = assertThrows(() => db.prepare("INSERT INTO t VALUES (?)").run(new Uint8Array(100_000)));
  assert(toStorageError(error) instanceof StorageFullError);
});

Deno.test("toStorageError() answers every other error as it is", () => {
  using db = new DatabaseSync(":memory:");
  const syntax = assertThrows(() => db.exec("no SQL"));
  for (const error of [syntax, new Error("Cannot"), new Deno.errors.NotFound(), undefined, null, "text"]) {
    assertEquals(toStorageError(error), error);
  }
});
