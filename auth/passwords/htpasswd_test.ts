import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { bcrypt } from "hash-wasm";
import { RegistryError, unavailable } from "../../oci/mod.ts";
import type { PasswordCheck } from "./bcrypt.ts";
import { Htpasswd, type HtpasswdOptions } from "./htpasswd.ts";

/** Hashes for the fake queue, which accepts the letter as the password. */
const hashOf = (letter: string, cost = "10") => `$2y$${cost}$${letter.repeat(53)}`;

/** Name of the principal of a name and a password. */
async function loggedIn(htpasswd: Htpasswd, name: string, password: string): Promise<string | undefined> {
  return (await htpasswd.verify(name, password))?.name;
}

/** Users whose password is the letter that their hash is made of, and what was compared. */
async function fakeHtpasswd(options: Partial<HtpasswdOptions>) {
  const compared: PasswordCheck[] = [];
  const queue = {
    check: (job: PasswordCheck) => {
      compared.push(job);
      return Promise.resolve(job.hash.endsWith(job.password));
    },
    close: () => {},
  };
  const clock = { now: 1_000_000 };
  const htpasswd = await Htpasswd.open({ failed: () => {}, queue, now: () => clock.now, ...options });
  return { htpasswd, compared, clock };
}

Deno.test("Htpasswd.verify() returns the user of a name and password", async () => {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const hash = await bcrypt({ password: "päss:word", costFactor: 4, salt });
  const htpasswd = await Htpasswd.open({ users: { alice: hash }, failed: () => {} });
  assertEquals(await loggedIn(htpasswd, "alice", "päss:word"), "user:alice");
  for (
    const [name, password] of [["alice", "pass"], ["bob", "päss:word"], ["Alice", "päss:word"], ["alice", ""]]
  ) {
    assertEquals(await htpasswd.verify(name!, password!), undefined);
  }
  htpasswd.close();
});

Deno.test("Htpasswd.verify() rejects a password that bcrypt would truncate", async () => {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const hash = await bcrypt({ password: "a".repeat(72), costFactor: 4, salt });
  const htpasswd = await Htpasswd.open({ users: { alice: hash }, failed: () => {} });
  assertEquals(await loggedIn(htpasswd, "alice", "a".repeat(72)), "user:alice");
  assertEquals(await htpasswd.verify("alice", "a".repeat(73)), undefined);
  htpasswd.close();
});

Deno.test("Htpasswd.verify() takes as long for an unknown user as for a known one", async () => {
  const { htpasswd, compared } = await fakeHtpasswd({ users: { alice: hashOf("a", "12") } });
  assertEquals(await htpasswd.verify("alice", "wrong"), undefined);
  assertEquals(await htpasswd.verify("mallory", "wrong"), undefined);
  assertEquals(compared.map(({ hash }) => hash.slice(0, 7)), ["$2y$12$", "$2b$12$"]);
  // Not even a password that fits the decoy is one.
  assertEquals(await htpasswd.verify("mallory", "."), undefined);
});

Deno.test("Htpasswd.verify() compares a password that was right once a day, and a wrong one each time", async () => {
  const { htpasswd, compared, clock } = await fakeHtpasswd({
    users: { alice: hashOf("a"), bob: hashOf("a") },
  });
  const right = await Promise.all(Array.from({ length: 5 }, () => loggedIn(htpasswd, "alice", "a")));
  assertEquals(right, Array(5).fill("user:alice"));
  assertEquals(compared.length, 1);
  clock.now += 24 * 3_600_000 - 1;
  await htpasswd.verify("alice", "a");
  assertEquals(compared.length, 1);
  // Each use does not make it longer.
  clock.now += 2;
  await htpasswd.verify("alice", "a");
  assertEquals(compared.length, 2);
  for (let i = 0; i < 3; i++) assertEquals(await htpasswd.verify("alice", "b"), undefined);
  assertEquals(compared.length, 5);
  // Another user does not get it for that.
  await htpasswd.verify("bob", "a");
  assertEquals(compared.length, 6);
});

Deno.test("Htpasswd.verify() forgets a password with the hash or the user", async () => {
  const path = await Deno.makeTempFile();
  const write = async (text: string) => await Deno.writeTextFile(path, text);
  try {
    await write(`alice:${hashOf("a")}\nbob:${hashOf("b")}\n`);
    const clock = { now: Date.now() + 3_600_000 };
    const { htpasswd } = await fakeHtpasswd({ htpasswd: path, now: () => clock.now });
    assertEquals(await loggedIn(htpasswd, "alice", "a"), "user:alice");
    assertEquals(await loggedIn(htpasswd, "bob", "b"), "user:bob");
    await write(`alice:${hashOf("c")}\n`);
    clock.now += 1000;
    assertEquals(await htpasswd.verify("alice", "a"), undefined);
    assertEquals(await loggedIn(htpasswd, "alice", "c"), "user:alice");
    assertEquals(await htpasswd.verify("bob", "b"), undefined);
    // Otherwise the old password would be compared each time without being counted as a guess.
    assert(!htpasswd.hasCached("alice", "a"));
    assert(!htpasswd.hasCached("bob", "b"));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("Htpasswd.hasCached() is true for a password that was correct", async () => {
  const { htpasswd, compared } = await fakeHtpasswd({ users: { "zo\u00eb": hashOf("z") } });
  assert(!htpasswd.hasCached("zo\u00eb", "z"));
  await htpasswd.verify("zo\u00eb", "z");
  await htpasswd.verify("zo\u00eb", "y");
  assert(htpasswd.hasCached("zoe\u0308", "z"));
  assert(!htpasswd.hasCached("zo\u00eb", "y"));
  assert(!htpasswd.hasCached("z", "z"));
  assertEquals(compared.length, 2);
});

Deno.test("Htpasswd.verify() refuses a user who was removed while the password was compared", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, `alice:${hashOf("a")}\nbob:${hashOf("b")}\n`);
    const clock = { now: Date.now() + 3_600_000 };
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const queue = { check: () => promise, close: () => {} };
    const { htpasswd } = await fakeHtpasswd({ htpasswd: path, now: () => clock.now, queue });
    const verifying = htpasswd.verify("alice", "a");
    await Deno.writeTextFile(path, `bob:${hashOf("b")}\n`);
    clock.now += 1000;
    resolve(true);
    assertEquals(await verifying, undefined);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("Htpasswd.verify() rejects if the queue is full, and caches nothing", async () => {
  let busy = true;
  const queue = {
    check: () => busy ? Promise.reject(unavailable("Too many logins are waiting")) : Promise.resolve(true),
    close: () => {},
  };
  const { htpasswd } = await fakeHtpasswd({ users: { alice: hashOf("a") }, queue });
  await assertRejects(() => htpasswd.verify("alice", "a"), RegistryError, "Too many logins");
  busy = false;
  assertEquals(await loggedIn(htpasswd, "alice", "a"), "user:alice");
});

Deno.test("Htpasswd prefers users of the configuration over those of the file", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, `alice:${hashOf("f")}\nbob:${hashOf("b")}\n`);
    const { htpasswd } = await fakeHtpasswd({ htpasswd: path, users: { alice: hashOf("a") } });
    assertEquals(await htpasswd.verify("alice", "f"), undefined);
    assertEquals(await loggedIn(htpasswd, "alice", "a"), "user:alice");
    assertEquals(await loggedIn(htpasswd, "bob", "b"), "user:bob");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("Htpasswd.find() returns current users, with another credential after a password change", async () => {
  const { htpasswd } = await fakeHtpasswd({ users: { alice: hashOf("a"), "zoë": hashOf("z") } });
  const alice = await htpasswd.find("alice");
  assertEquals(alice, await htpasswd.verify("alice", "a"));
  assertEquals([alice?.kind, alice?.name, alice?.bounds], ["user", "user:alice", undefined]);
  assertEquals((await htpasswd.find("zoe\u0308"))?.name, "user:zo\u00eb");
  assertEquals(await htpasswd.find("bob"), undefined);
  assertEquals(await htpasswd.find("a:b"), undefined);
  const other = await fakeHtpasswd({ users: { alice: hashOf("b") } });
  const same = await fakeHtpasswd({ users: { alice: hashOf("a") } });
  assertNotEquals((await other.htpasswd.find("alice"))?.credential, alice?.credential);
  assertEquals((await same.htpasswd.find("alice"))?.credential, alice?.credential);
  assert(!alice!.credential!.includes("a".repeat(8)));
});

Deno.test("Htpasswd keeps correct passwords for the users that follow, and none of a removed user", async () => {
  const { htpasswd, compared } = await fakeHtpasswd({ users: { alice: hashOf("a"), bob: hashOf("b") } });
  assertEquals(await loggedIn(htpasswd, "alice", "a"), "user:alice");
  assertEquals(await loggedIn(htpasswd, "bob", "b"), "user:bob");
  const users = { alice: hashOf("a"), carol: hashOf("c") };
  const next = await Htpasswd.open({ users, failed: () => {}, earlier: htpasswd });
  assertEquals([await loggedIn(next, "alice", "a"), compared.length], ["user:alice", 2]);
  assertEquals(await loggedIn(next, "bob", "b"), undefined);
  assertEquals(await loggedIn(next, "carol", "c"), "user:carol");
  const changed = await Htpasswd.open({ users: { alice: hashOf("z") }, failed: () => {}, earlier: next });
  assertEquals(await loggedIn(changed, "alice", "a"), undefined, "a new hash ends a cached password");
  assertEquals(await loggedIn(htpasswd, "bob", "b"), "user:bob", "the earlier users are as before");
});
