import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LateWriteError } from "../errors.ts";
import { tableContract } from "./contract/mod.ts";
import { Fence } from "../fence.ts";
import { SqliteTable } from "./sqlite.ts";

async function makeFolder() {
  const folder = await Deno.makeTempDir();
  return {
    path: join(folder, "new", "table.db"),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

tableContract("SqliteTable", async () => {
  const folder = await makeFolder();
  const table = await SqliteTable.open(folder.path);
  return {
    table,
    async [Symbol.asyncDispose]() {
      await table.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

Deno.test("SqliteTable open() finds items that were written before", async () => {
  await using folder = await makeFolder();
  const item = {
    pk: "p",
    sk: "s",
    attributes: { n: 1 },
    bytes: new Uint8Array([1]),
    index: { pk: "i", sk: "j" },
  };
  let version: string | undefined;
  {
    await using table = await SqliteTable.open(folder.path);
    version = await table.put(item, { ifAbsent: true });
    assert(version);
  }
  await using table = await SqliteTable.open(folder.path);
  assertEquals(await table.get(item), { ...item, version });
  assertEquals(await table.queryIndex("i", { limit: 2 }), [{ ...item, version }]);
});

Deno.test("SqliteTable open() refuses a database of a later release and leaves it alone", async () => {
  await using folder = await makeFolder();
  await (await SqliteTable.open(folder.path)).close();
  const db = new DatabaseSync(folder.path);
  db.exec("PRAGMA user_version = 1000");
  db.close();
  await assertRejects(() => SqliteTable.open(folder.path), Error, "its schema version is 1000");
});

Deno.test("SqliteTable close() commits pending writes, and rejects later ones", async () => {
  await using folder = await makeFolder();
  const table = await SqliteTable.open(folder.path);
  const write = table.put({ pk: "p", sk: "s", attributes: {} }, { ifAbsent: true });
  await table.close();
  assert(await write);
  await assertRejects(() => table.put({ pk: "p", sk: "t", attributes: {} }, { ifAbsent: true }));
  await assertRejects(() => table.get({ pk: "p", sk: "s" }));
});

Deno.test("SqliteTable put() has one winner when two connections race, and each sees it", async () => {
  await using folder = await makeFolder();
  await using a = await SqliteTable.open(folder.path);
  await using b = await SqliteTable.open(folder.path);
  for (let n = 0; n < 20; n++) {
    const item = { pk: "p", sk: `s${n}`, attributes: {} };
    const answers = await Promise.all([a.put(item, { ifAbsent: true }), b.put(item, { ifAbsent: true })]);
    const winners = answers.filter((version) => version !== undefined);
    assertEquals(winners.length, 1);
    assertEquals([await a.get(item), await b.get(item)].map((stored) => stored?.version), [
      ...winners,
      ...winners,
    ]);
  }
});

Deno.test("SqliteTable put() takes its versions from newVersion when it is given", async () => {
  await using folder = await makeFolder();
  let n = 0;
  await using table = await SqliteTable.open(folder.path, { newVersion: () => `v${++n}` });
  assertEquals(await table.put({ pk: "p", sk: "s", attributes: {} }, { ifAbsent: true }), "v1");
});

/** Another process with the database open, which stands still in the middle of a write. */
function holdLock(path: string) {
  const db = new DatabaseSync(path);
  db.exec("BEGIN IMMEDIATE");
  return {
    release: () => db.exec("COMMIT"),
    [Symbol.dispose]: () => db.close(),
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("SqliteTable put() leaves the event loop free when another process holds the lock", async () => {
  await using folder = await makeFolder();
  await using table = await SqliteTable.open(folder.path);
  using lock = holdLock(folder.path);
  let answered = 0;
  const writes = ["s", "t"].map(async (sk) => {
    assert(await table.put({ pk: "p", sk, attributes: {} }, { ifAbsent: true }));
    answered++;
  });
  for (let n = 0; n < 20; n++) {
    await turn();
    assertEquals(await table.get({ pk: "p", sk: "s" }), undefined);
  }
  assertEquals(answered, 0);
  lock.release();
  await Promise.all(writes);
});

Deno.test("SqliteTable put() leaves the event loop free during its transaction", async () => {
  await using folder = await makeFolder();
  await using table = await SqliteTable.open(folder.path);
  await table.put({ pk: "p", sk: "s", attributes: {} }, { ifAbsent: true });
  const rows = Array.from({ length: 20_000 }, (_, n) => ({ pk: "many", sk: `${n}`, attributes: {} }));
  let isPending = true;
  const written = table.putMany(rows).finally(() => isPending = false);
  let rounds = 0;
  for (; isPending && rounds < 10; rounds++) {
    await turn();
    assert(await table.get({ pk: "p", sk: "s" }));
  }
  assertEquals(rounds, 10, "In one thread, the transaction begins and ends in the same turn");
  await written;
  assertEquals((await table.queryKeys("many", { limit: 30_000 })).length, rows.length);
});

Deno.test("SqliteTable close() waits for writes that another process holds up", async () => {
  await using folder = await makeFolder();
  const table = await SqliteTable.open(folder.path);
  using lock = holdLock(folder.path);
  const write = table.put({ pk: "p", sk: "s", attributes: {} }, { ifAbsent: true });
  const closed = table.close();
  await turn();
  lock.release();
  await closed;
  assert(await write);
});

Deno.test("SqliteTable open() takes no lock when the database exists", async () => {
  await using folder = await makeFolder();
  await (await SqliteTable.open(folder.path)).close();
  using _lock = holdLock(folder.path);
  await using table = await SqliteTable.open(folder.path);
  assertEquals(await table.get({ pk: "p", sk: "s" }), undefined);
});

Deno.test("SqliteTable put(), putMany() and delete() reject alone when their fence passes before their transaction", async () => {
  await using folder = await makeFolder();
  await using table = await SqliteTable.open(folder.path);
  const item = (sk: string) => ({ pk: "p", sk, attributes: {} });
  const ifVersion = await table.put(item("old"), { ifAbsent: true });
  assert(ifVersion);
  let now = 0;
  const [fence, later] = [1000, 2000].map((until) => new Fence(() => now, until));
  const late = [
    table.put(item("a"), { ifAbsent: true }, fence),
    table.putMany([item("b")], fence),
    table.delete(item("old"), { ifVersion }, fence),
  ];
  const inTime = table.put(item("c"), { ifAbsent: true }, later);
  now = 1000; // the process has stood still
  for (const write of late) await assertRejects(() => write, LateWriteError);
  assert(await inTime);
  assertEquals((await table.query("p", { limit: 9 })).map(({ sk }) => sk), ["c", "old"]);
});

Deno.test("SqliteTable changeCount() changes with the writes of another connection", async () => {
  await using folder = await makeFolder();
  await using a = await SqliteTable.open(folder.path);
  await using b = await SqliteTable.open(folder.path);
  const seen = new Set([await a.changeCount()]);
  for (let n = 0; n < 20; n++) {
    // Of either connection, in every order.
    for (const table of n % 3 === 0 ? [a, b] : n % 3 === 1 ? [b, a] : [b]) {
      await table.put({ pk: "p", sk: `${n} ${seen.size}`, attributes: {} }, { ifAbsent: true });
      const count = await a.changeCount();
      assert(!seen.has(count), `${count} came back`);
      seen.add(count);
    }
  }
});

Deno.test("SqliteTable lets other work run between reads of many rows", async () => {
  await using folder = await makeFolder();
  await using table = await SqliteTable.open(folder.path);
  const items = Array.from({ length: 600 }, (_, n) => ({ pk: "p", sk: `${n}`, attributes: {} }));
  await table.putMany(items);
  const reads = {
    getMany: () => table.getMany(items),
    queryKeys: () => table.queryKeys("p", { limit: 600 }),
    async query() {
      for (let n = 0; n < 60; n++) await table.query("p", { limit: 10 });
    },
  };
  for (const [name, read] of Object.entries(reads)) {
    let hasRun = false;
    setImmediate(() => hasRun = true);
    await read();
    assert(hasRun, `${name}() keeps the event loop`);
  }
});
