import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { StorageFullError, UnavailableError } from "../errors.ts";
import { GroupCommit } from "./group_commit.ts";

/** A database with a table `t`, and a list of what was executed on it. */
function openDatabase() {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (a)");
  const executed: string[] = [];
  const commits = new GroupCommit({
    prepare(sql: string) {
      const statement = db.prepare(sql);
      const run = statement.run.bind(statement);
      return Object.assign(statement, {
        run() {
          executed.push(sql);
          return run();
        },
      });
    },
    get isOpen() {
      return db.isOpen;
    },
    get isTransaction() {
      return db.isTransaction;
    },
  });
  const insert = db.prepare("INSERT INTO t VALUES (?)");
  const count = () => db.prepare("SELECT count(*) AS n FROM t").get()?.n;
  return { db, commits, executed, insert, count, [Symbol.dispose]: () => db.close() };
}

Deno.test("GroupCommit run() commits once when writes come together", async () => {
  using opened = openDatabase();
  const { commits, executed, insert, count } = opened;
  const writes = Array.from({ length: 20 }, async (_, n) => {
    if (n % 2) await Promise.resolve(); // as a handler that awaits something on its way
    return await commits.run(() => insert.run(n).lastInsertRowid);
  });
  assertEquals(count(), 0, "Nothing is written before the group is");
  const rows = await Promise.all(writes);
  assertEquals(rows.toSorted((a, b) => Number(a) - Number(b)), Array.from({ length: 20 }, (_, n) => n + 1));
  assertEquals(executed, ["BEGIN IMMEDIATE", "COMMIT"]);
});

Deno.test("GroupCommit run() commits again when a write comes later", async () => {
  using opened = openDatabase();
  const { commits, executed, insert } = opened;
  await commits.run(() => insert.run(1));
  await commits.run(() => insert.run(2));
  assertEquals(executed, ["BEGIN IMMEDIATE", "COMMIT", "BEGIN IMMEDIATE", "COMMIT"]);
});

Deno.test("GroupCommit run() keeps nothing of a group when one write of it fails", async () => {
  using opened = openDatabase();
  const { commits, insert, count } = opened;
  const outcomes = await Promise.allSettled([
    commits.run(() => insert.run(1)),
    commits.run(() => {
      throw new Error("Cannot write");
    }),
    commits.run(() => insert.run(2)),
  ]);
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  assertEquals(count(), 0);
  await commits.run(() => insert.run(3));
  assertEquals(count(), 1);
});

Deno.test("GroupCommit run() rejects with StorageFullError when there is no room, and goes on after it", async () => {
  using opened = openDatabase();
  const { db, commits, insert, count } = opened;
  db.exec("PRAGMA max_page_count = 4");
  const big = commits.run(() => insert.run(new Uint8Array(100_000))).catch((error: unknown) => error);
  assertInstanceOf(await big, StorageFullError);
  await commits.run(() => insert.run(1));
  assertEquals(count(), 1);
});

Deno.test("GroupCommit run() rejects when the commit fails", async () => {
  using opened = openDatabase();
  const { db, commits, count } = opened;
  db.exec("PRAGMA foreign_keys = ON; CREATE TABLE c (a REFERENCES p (a) DEFERRABLE INITIALLY DEFERRED)");
  db.exec("CREATE TABLE p (a PRIMARY KEY)");
  const outcomes = await Promise.allSettled([
    commits.run(() => db.exec("INSERT INTO t VALUES (1)")),
    commits.run(() => db.exec("INSERT INTO c VALUES (1)")), // judged at COMMIT
  ]);
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals([count(), db.isTransaction], [0, false]);
});

Deno.test("GroupCommit drain() commits pending writes at once", async () => {
  using opened = openDatabase();
  const { commits, insert, count } = opened;
  const write = commits.run(() => insert.run(1));
  const drained = commits.drain();
  assertEquals(count(), 1);
  await Promise.all([drained, write]);
});

/** A database whose lock another process holds while `isLocked`, and a clock that goes on with each pause. */
function openLocked() {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (a)");
  const state = { isLocked: true, now: 0, pauses: [] as number[] };
  const commits = new GroupCommit({
    prepare(sql: string) {
      const statement = db.prepare(sql);
      const run = statement.run.bind(statement);
      return Object.assign(statement, {
        run() {
          if (state.isLocked) throw Object.assign(new Error("database is locked"), { errcode: 5 });
          return run();
        },
      });
    },
    isOpen: true,
    get isTransaction() {
      return db.isTransaction;
    },
  }, {
    now: () => state.now,
    async sleep(milliseconds) {
      state.pauses.push(milliseconds);
      await new Promise((resolve) => setTimeout(resolve, 0));
      state.now += milliseconds;
    },
  });
  const insert = db.prepare("INSERT INTO t VALUES (?)");
  const count = () => db.prepare("SELECT count(*) AS n FROM t").get()?.n;
  return { state, commits, insert, count, [Symbol.dispose]: () => db.close() };
}

Deno.test("GroupCommit run() rejects with UnavailableError when the database is locked for 10 seconds", async () => {
  using opened = openLocked();
  const { state, commits, insert, count } = opened;
  await assertRejects(() => commits.run(() => insert.run(1)), UnavailableError, "Cannot write to the table");
  assertEquals(state.now, 10_028);
  assertEquals(state.pauses.slice(0, 4), [1, 2, 5, 10]);
  state.isLocked = false;
  await commits.run(() => insert.run(2));
  assertEquals(count(), 1);
});

Deno.test("GroupCommit run() gives each write 10 seconds of its own when the database is locked", async () => {
  using opened = openLocked();
  const { state, commits, insert, count } = opened;
  const early = commits.run(() => insert.run(1)).catch((error: unknown) => error);
  while (state.now < 5_000) await new Promise((resolve) => setTimeout(resolve, 0));
  const late = commits.run(() => insert.run(2));
  assertInstanceOf(await early, UnavailableError);
  state.isLocked = false;
  await late;
  assertEquals(count(), 1);
});
