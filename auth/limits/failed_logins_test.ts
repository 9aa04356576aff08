import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { MemoryTable } from "../../storage/mod.ts";
import type { Table } from "../../storage/ports.ts";
import { FailedLogins } from "./failed_logins.ts";
import { networkOf } from "./network.ts";

const HERE = "192.0.2.1";
const THERE = "198.51.100.1";

/** Failed logins of one replica, at a time that the test sets. */
function make({ free = 3, table = new MemoryTable() as Table, clock = { now: 1_000_000 } } = {}) {
  const failures = new FailedLogins({ freeFailures: free, table, now: () => clock.now });
  let guesses = 0;
  const begin = (username: string, address: string, guess = `${guesses++}`) =>
    failures.begin({ username, network: networkOf(address), guess });
  const fail = async (name: string, address: string, times = 1) => {
    for (let i = 0; i < times; i++) await (await begin(name, address)).fail();
  };
  const succeed = async (name: string, address: string) => await (await begin(name, address)).succeed();
  const waitOf = async (name: string, address: string): Promise<number> => {
    try {
      await (await begin(name, address)).abandon();
      return 0;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      assertEquals([error.status, error.code], [429, "TOOMANYREQUESTS"]);
      return Number(error.headers["Retry-After"]);
    }
  };
  return { clock, table, failures, begin, fail, succeed, waitOf };
}

Deno.test("FailedLogins permits a few failures of an address, then delays it longer each time", async () => {
  const { clock, fail, waitOf } = make();
  await fail("a", HERE);
  await fail("b", HERE);
  assertEquals(await waitOf("c", HERE), 0);
  await fail("c", HERE);
  assertEquals(await waitOf("d", HERE), 1);
  for (const wait of [2, 4, 8, 16, 32, 60, 60]) {
    clock.now += await waitOf("d", HERE) * 1000;
    await fail("d", HERE);
    assertEquals(await waitOf("e", HERE), wait);
  }
});

Deno.test("FailedLogins does not delay logins from other addresses", async () => {
  const { fail, waitOf } = make();
  for (let i = 0; i < 3; i++) await fail(`user${i}`, HERE);
  assertEquals(await waitOf("user9", HERE), 1);
  assertEquals(await waitOf("user9", THERE), 0);
});

Deno.test("FailedLogins delays guesses at one name from any address, but not for long", async () => {
  const { clock, fail, waitOf } = make();
  for (let i = 0; i < 3; i++) await fail("alice", `192.0.2.${i}`);
  assertEquals(await waitOf("alice", THERE), 1);
  assertEquals(await waitOf("bob", THERE), 0);
  for (let i = 0; i < 9; i++) {
    clock.now += 4000;
    await fail("alice", `198.51.100.${i}`);
  }
  assertEquals(await waitOf("alice", THERE), 4);
});

Deno.test("FailedLogins delays all names of an address, including those that have logged in there", async () => {
  for (const name of ["alice", "zorro"]) {
    const { fail, succeed, waitOf } = make();
    await succeed("alice", HERE);
    await fail(name, HERE, 3);
    assertEquals([await waitOf(name, HERE), await waitOf("bob", HERE), await waitOf("bob", THERE)], [
      1,
      1,
      0,
    ]);
  }
});

Deno.test("mayUseCache() allows a name that has logged in from the network until it fails too often there", async () => {
  const { clock, failures, succeed } = make();
  const alice = { username: "alice", network: HERE, guess: "" };
  assert(!failures.mayUseCache(alice));
  await succeed("alice", HERE);
  assert(failures.mayUseCache(alice));
  assert(!failures.mayUseCache({ ...alice, network: THERE }));
  assert(!failures.mayUseCache({ ...alice, username: "bob" }));
  for (let i = 0; i < 3; i++) failures.countCacheMiss(alice);
  assert(!failures.mayUseCache(alice));
  clock.now += 1000;
  assert(failures.mayUseCache(alice));
  failures.countCacheMiss(alice);
  clock.now += 1999;
  assert(!failures.mayUseCache(alice));
});

Deno.test("begin() limits concurrent guesses at a name to the number that may still fail", async () => {
  const { begin, fail } = make();
  await fail("alice", HERE);
  const attempts = [await begin("alice", "192.0.2.2", "x"), await begin("alice", "192.0.2.3", "y")];
  await assertRejects(() => begin("alice", "192.0.2.4", "z"), RegistryError, "Too many logins");
  // Many clients may send the same password at once.
  for (let i = 0; i < 20; i++) attempts.push(await begin("alice", `198.51.100.${i}`, "x"));
  for (const attempt of attempts) await attempt.succeed();
  await (await begin("alice", "192.0.2.4", "z")).abandon();
});

Deno.test("begin() leaves no trace of an attempt that it refuses", async () => {
  const { fail, waitOf, table } = make();
  await fail("a", HERE, 3);
  const before = (await table.scan({ limit: 100 })).items.length;
  for (let i = 0; i < 40_000; i++) assertEquals(await waitOf(`flood${i}`, HERE), 1);
  assertEquals((await table.scan({ limit: 100 })).items.length, before);
  assertEquals(await waitOf("another", HERE), 1);
});

Deno.test("FailedLogins makes no client wait without a limit", async () => {
  const { waitOf, fail, table } = make({ free: 0 });
  await fail("a", HERE, 100);
  assertEquals(await waitOf("a", HERE), 0);
  assertEquals((await table.scan({ limit: 100 })).items, []);
});

Deno.test("FailedLogins forgets a quarter of an hour after the last failure", async () => {
  const { clock, fail, waitOf } = make();
  await fail("a", HERE);
  await fail("b", HERE);
  clock.now += 14 * 60_000;
  await fail("c", HERE);
  assertEquals(await waitOf("d", HERE), 1);
  clock.now += 14 * 60_000;
  assertEquals(await waitOf("d", HERE), 0);
  clock.now += 60_001;
  await fail("d", HERE, 2);
  assertEquals(await waitOf("e", HERE), 0);
});

Deno.test("FailedLogins takes all addresses of a network for one", async () => {
  const { fail, waitOf } = make();
  for (let i = 0; i < 3; i++) await fail(`user${i}`, `2001:db8::${i}`);
  assertEquals(await waitOf("user9", "2001:db8::beef"), 1);
  assertEquals(await waitOf("user9", "2001:db8:0:1::1"), 0);
});

/** Replicas over one table. */
function replicas(count: number) {
  const first = make();
  return [
    first,
    ...Array.from({ length: count - 1 }, () => make({ table: first.table, clock: first.clock })),
  ];
}

Deno.test("replicas together permit one attempt of an address between two waits", async () => {
  const all = replicas(8);
  const { clock } = all[0]!;
  for (const replica of all) await replica.fail("a", HERE).catch(() => {});
  let looks = 0;
  for (let second = 0; second < 120; second++) {
    clock.now += 1000;
    const attempts = await Promise.allSettled(all.map(({ begin }, i) => begin(`${second}-${i}`, HERE)));
    const begun = attempts.filter((attempt) => attempt.status === "fulfilled");
    looks += begun.length;
    for (const { value } of begun) await value.fail();
  }
  // After 2, 4, 8, ... and then every 60 seconds.
  assert(looks <= 6, `${looks} attempts in two minutes`);
});

Deno.test("replicas lose no failure that they count at the same time", async () => {
  const table = new MemoryTable();
  const clock = { now: 1_000_000 };
  const all = Array.from({ length: 4 }, () => make({ free: 100, table, clock }));
  await Promise.all(all.map(({ fail }, i) => fail(`user${i}`, HERE)));
  const { items } = await table.scan({ limit: 100 });
  const counts = items.filter(({ sk }) => sk.startsWith("address#")).map(({ attributes }) =>
    attributes["failures"]
  );
  assertEquals(counts, [4]);
});

Deno.test("a success takes back its claim, in the table as well", async () => {
  const [one, two] = replicas(2) as [ReturnType<typeof make>, ReturnType<typeof make>];
  await one.fail("alice", HERE, 3);
  one.clock.now += 2000;
  await one.succeed("alice", HERE);
  await two.fail("bob", HERE); // the fourth
  assertEquals(await two.waitOf("carol", HERE), 2);
});

Deno.test("FailedLogins counts by itself while the table does not answer", async () => {
  const table = new Proxy(new MemoryTable(), {
    get: () => () => Promise.reject(new Error("Out of order")),
  });
  const { fail, waitOf, clock } = make({ table });
  await fail("a", HERE, 3);
  assertEquals(await waitOf("b", HERE), 1);
  clock.now += 1000;
  await fail("b", HERE);
  assertEquals(await waitOf("b", HERE), 2);
});

Deno.test("sweep() deletes the counts that are forgotten, and no others", async () => {
  const { fail, failures, clock, table, waitOf } = make();
  for (let i = 0; i < 200; i++) await fail(`user${i}`, `192.0.2.${i}`);
  clock.now += 30 * 60_000;
  for (let i = 0; i < 3; i++) await fail(`late${i}`, HERE);
  clock.now += 1;
  await failures.sweep();
  assertEquals((await table.scan({ limit: 1000 })).items.length, 4);
  assertEquals(await waitOf("other", HERE), 1);
});

Deno.test("FailedLogins writes a limited number of items, and counts further failures in memory", async () => {
  const { fail, table, waitOf } = make();
  for (let i = 0; i < 17_000; i++) await fail(`user${i}`, `2001:db8:${i.toString(16)}::1`);
  const { items } = await table.scan({ limit: 100_000 });
  assertEquals(items.length, 32_768);
  await fail("alice", "2001:db8:ffff::1", 3);
  assertEquals(await waitOf("alice", THERE), 1);
});

Deno.test("FailedLogins continues the counts of earlier ones under another limit", async () => {
  const { clock, table, failures, fail, succeed } = make({ free: 3 });
  await succeed("alice", THERE);
  await fail("alice", HERE, 2);
  const now = () => clock.now;
  const stricter = new FailedLogins({ freeFailures: 2, table, earlier: failures, now });
  const login = { username: "alice", network: networkOf(HERE), guess: "new" };
  await (await stricter.begin(login)).fail();
  await assertRejects(() => stricter.begin({ ...login, guess: "another" }), RegistryError);
  assert(stricter.isKnownNetwork(networkOf(THERE)));
  // Both see one count.
  await assertRejects(() => failures.begin({ ...login, guess: "another" }), RegistryError);
});
