import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { MemoryTable } from "../../storage/mod.ts";
import { BcryptQueue } from "./bcrypt.ts";
import { FailedLogins } from "../limits/mod.ts";
import { Logins } from "./logins.ts";
import type { GuessableSource, PasswordSource } from "./password_source.ts";

/** Logins in which alice has the password "right", "issued..." can't be guessed, and "broken" fails. */
function make() {
  const asked: string[] = [];
  const failed: unknown[] = [];
  const remembered = new Set<string>();
  const clock = { now: 1_000_000 };
  const now = () => clock.now;
  const users: GuessableSource = {
    isPlausible: (password) => password !== "implausible",
    hasCached: (username, password) => remembered.has(`${username} ${password}`),
    verify(username, password) {
      if (password === "broken") return Promise.reject(new Error("Out of order"));
      asked.push(username);
      const known = username === "alice" && password === "right";
      return Promise.resolve(known ? { kind: "user", name: "user:alice" } : undefined);
    },
  };
  const issuer: PasswordSource = {
    verify: (_username, password) =>
      Promise.resolve(password === "issued" ? { kind: "robot", name: "robot:ci" } : undefined),
  };
  const logins = new Logins({
    issuerOf: (password) => password.startsWith("issued") ? issuer : undefined,
    users,
    failures: new FailedLogins({ freeFailures: 3, table: new MemoryTable(), now }),
    failed: (address) => failed.push(address),
    now,
  });
  return { asked, failed, logins, clock, remembered };
}

Deno.test("login() answers the same whether the name, the password or its form is unknown", async () => {
  for (
    const [username, password] of [["alice", "wrong"], ["bob", "right"], ["alice", "issued?"], ["alice", ""]]
  ) {
    const { failed, logins } = make();
    const error = await assertRejects(() => logins.login(username!, password!, "192.0.2.1"), RegistryError);
    assertEquals([error.status, error.code, error.message], [
      401,
      "UNAUTHORIZED",
      "Name or password is wrong",
    ]);
    assertEquals(failed, ["192.0.2.1"]);
  }
});

Deno.test("login() looks at no password while it makes the address wait", async () => {
  const { asked, logins } = make();
  const login = (name: string) => logins.login(name, "wrong", "192.0.2.1");
  for (const name of ["a", "b", "c"]) await assertRejects(() => login(name), RegistryError, "wrong");
  const refused = await assertRejects(() => login("d"), RegistryError);
  assertEquals(refused.status, 429);
  assertEquals(asked, ["a", "b", "c"]);
  assertEquals((await logins.login("alice", "right", "198.51.100.1")).name, "user:alice");
});

Deno.test("login() takes the same wrong password again within three seconds for one failure", async () => {
  const { asked, failed, logins, clock } = make();
  const login = (password = "wrong") => logins.login("alice", password, "192.0.2.1");
  const burst = Array.from({ length: 20 }, () => assertRejects(() => login(), RegistryError, "is wrong"));
  await Promise.all(burst);
  const looks = asked.length;
  clock.now += 2999;
  for (let i = 0; i < 20; i++) await assertRejects(() => login(), RegistryError, "is wrong");
  assertEquals([failed.length, asked.length], [1, looks]);
  assertEquals((await login("right")).name, "user:alice");
  clock.now += 2;
  await assertRejects(() => logins.login("alice", "wrong", "198.51.100.1"), RegistryError, "is wrong");
  assertEquals(failed.length, 2);
});

Deno.test("login() counts no failure if the password could not be checked", async () => {
  const { failed, logins } = make();
  for (let i = 0; i < 9; i++) {
    await assertRejects(() => logins.login("alice", "broken", undefined), Error, "Out of");
  }
  assertEquals(failed, []);
  assertEquals((await logins.login("alice", "right", undefined)).name, "user:alice");
});

Deno.test("login() refuses a name that is too long before it looks for the account", async () => {
  const { asked, logins } = make();
  await assertRejects(() => logins.login("a".repeat(257), "right", undefined), RegistryError, "wrong");
  assertEquals(asked, []);
});

Deno.test("login() does not count an impossible password as a guess", async () => {
  const { asked, logins } = make();
  for (let i = 0; i < 50; i++) {
    for (
      const [name, password] of [["alice", `issued ${i}`], ["alice", "implausible"], ["a b", "x"], ["", ""]]
    ) {
      await assertRejects(() => logins.login(name!, password!, "192.0.2.1"), RegistryError, "is wrong");
    }
  }
  assertEquals(asked, []);
  assertEquals((await logins.login("alice", "right", "192.0.2.1")).name, "user:alice");
  assertEquals((await logins.login("alice", "issued", "192.0.2.1")).name, "robot:ci");
});

Deno.test("login() accepts a cached password while the address has to wait, and refuses all others", async () => {
  const { logins, remembered } = make();
  const address = "192.0.2.1";
  await logins.login("alice", "right", address);
  remembered.add("alice right");
  for (const name of ["a", "b", "c"]) {
    await assertRejects(() => logins.login(name, "x", address), RegistryError);
  }
  const errors = [];
  for (const name of ["alice", "zorro"]) {
    const { status, message, headers } = await assertRejects(
      () => logins.login(name, "wrong", address),
      RegistryError,
    );
    errors.push({ status, message, headers });
  }
  assertEquals(errors[0], errors[1]);
  assertEquals(errors[0]?.status, 429);
  assertEquals((await logins.login("alice", "right", address)).name, "user:alice");
});

Deno.test("login() compares few concurrent guesses with remembered passwords", async () => {
  const { logins, remembered } = make();
  const address = "192.0.2.1";
  await logins.login("alice", "right", address);
  remembered.add("alice secret");
  const guesses = Array.from({ length: 500 }, (_, i) => logins.login("alice", `guess ${i}`, address));
  const last = logins.login("alice", "secret", address);
  for (const guess of guesses) await assertRejects(() => guess, RegistryError);
  // The 501st guess is not let through, although it is remembered: too many before it were wrong.
  await assertRejects(() => last, RegistryError, "Too many logins");
});

Deno.test("login() checks the passwords of one network one after the other", async () => {
  const { asked, logins } = make();
  const guesses = Array.from({ length: 200 }, (_, i) => logins.login(`name${i}`, "x", "2001:db8::1"));
  const statuses = await Promise.all(guesses.map(async (guess) => {
    const error = await assertRejects(() => guess, RegistryError);
    return error.status;
  }));
  assertEquals(asked, ["name0", "name1", "name2"]);
  assertEquals(statuses.filter((status) => status === 429).length, 197);
  assert(statuses.slice(0, 3).every((status) => status === 401));
});

Deno.test("login() queues 64 logins of one network, and those of another separately", async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const users: GuessableSource = { isPlausible: () => true, hasCached: () => false, verify: () => promise };
  const failures = new FailedLogins({ freeFailures: 1000, table: new MemoryTable() });
  const logins = new Logins({ issuerOf: () => undefined, users, failures });
  const statusOf = async (i: number, address: string) =>
    (await assertRejects(() => logins.login(`name${i}`, "x", address), RegistryError)).status;
  const waiting = Array.from({ length: 64 }, (_, i) => statusOf(i, "192.0.2.1"));
  assertEquals(await statusOf(64, "192.0.2.1"), 429);
  waiting.push(statusOf(65, "192.0.2.2"));
  resolve(undefined);
  assertEquals(await Promise.all(waiting), Array(65).fill(401));
});

Deno.test("login() from a third address waits for one password of each of two that flood", async () => {
  const order: string[] = [];
  const engine = {
    check: async ({ password }: { password: string }) => {
      order.push(password);
      await new Promise((resolve) => setTimeout(resolve));
      return false;
    },
    end() {},
  };
  const queue = new BcryptQueue({ start: () => engine });
  const users: GuessableSource = {
    isPlausible: () => true,
    hasCached: () => false,
    async verify(_username, password, options) {
      await queue.check({ password, hash: `$2b$10$${".".repeat(53)}` }, options);
      return undefined;
    },
  };
  const failures = new FailedLogins({ freeFailures: 1000, table: new MemoryTable() });
  const logins = new Logins({ issuerOf: () => undefined, users, failures });
  const send = (password: string, address: string) =>
    assertRejects(() => logins.login(password, password, address), RegistryError, "is wrong");
  const flood = Array.from({ length: 128 }, (_, i) => send(`flood${i}`, `192.0.2.${i % 2}`));
  await send("right", "198.51.100.1");
  assertEquals(order.indexOf("right"), 2);
  await Promise.all(flood);
  assertEquals(order.length, 129);
  queue.close();
});

Deno.test("login() counts every spelling of a name as one", async () => {
  const { asked, logins } = make();
  for (const name of ["zo\u00eb", "zoe\u0308"]) {
    for (let i = 0; i < 2; i++) {
      await assertRejects(() => logins.login(name, `guess ${i}${name}`, `192.0.2.${i}`), RegistryError);
    }
  }
  assertEquals(asked.length, 3);
});
