import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { MemoryTable, type Table } from "../../storage/mod.ts";
import { laggingTable } from "../../tests/harness/lagging.ts";
import { hooked } from "../../tests/harness/stores.ts";
import { makeSecret, readSecret } from "./secret_text.ts";
import { SecretError } from "./secret_error.ts";
import { type NewSecret, Secrets } from "./secrets.ts";

const ROBOT: NewSecret = { kind: "robot", name: "ci", createdBy: "operator" };
const USER: NewSecret = { kind: "user", name: "alice", createdBy: "user:alice" };
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HOUR = 3_600_000;

/** Processes over one table, a clock, and the calls of the table by their name. */
function stores() {
  const clock = { now: 1_700_000_000_000 };
  const calls: string[] = [];
  const hooks: { before?: (method: string) => void | Promise<void> } = {};
  const table = hooked<Table>(new MemoryTable(), async (method) => {
    calls.push(method);
    await hooks.before?.(method);
  });
  const users = new Map(["alice", "bob"].map((name) => [name, { credential: `hash of ${name}` }]));
  const process = (options: { touch?: boolean; maxLifetime?: number } = {}) =>
    new Secrets({ table, findUser: (name) => users.get(name), now: () => clock.now, ...options });
  return { clock, calls, hooks, table, users, process, secrets: process() };
}

Deno.test("Secrets.verify() knows a robot and a user by their secret, under their name alone", async () => {
  const { secrets } = stores();
  const bounds = [{ repositories: "team/**", actions: ["pull"] }] as const;
  const robot = await secrets.create({ ...ROBOT, bounds });
  const { credential, ...principal } = (await secrets.verify("ci", robot.text))!;
  assertEquals(principal, { kind: "robot", name: "robot:ci", bounds: [...bounds] });
  assert(credential !== undefined && !robot.text.includes(credential.slice(17)));

  const user = await secrets.create(USER);
  const alice = await secrets.verify("alice", user.text);
  assertEquals([alice?.kind, alice?.name], ["user", "user:alice"]);
  assertEquals(alice?.bounds?.[0]?.repositories, "**", "it is never as good as a password");

  for (
    const [name, text] of [["alice", robot.text], ["ci", user.text], ["bob", user.text], ["", user.text]]
  ) {
    assertEquals(await secrets.verify(name!, text!), undefined);
  }
});

Deno.test("Secrets.verify() refuses a secret of its own making without a look at the table", async () => {
  const { secrets, calls } = stores();
  const { text } = await secrets.create(ROBOT);
  calls.length = 0;
  for (const wrong of ["", "password", text.slice(0, -1), `${text}x`, text.replace(/.$/, "~")]) {
    assertEquals(await secrets.verify("ci", wrong), undefined);
  }
  assertEquals(calls, []);
  assertEquals(await secrets.verify("ci", makeSecret().text), undefined);
  assertEquals(calls, ["get"]);
});

Deno.test("Secrets.verify() refuses another secret with the id of one that is known", async () => {
  const { secrets } = stores();
  const { text, info } = await secrets.create(ROBOT);
  await secrets.verify("ci", text);
  // What somebody makes who knows the id and how a checksum comes about.
  const body = `skr_${info.id}_${makeSecret().text.slice(21, 64)}`;
  let number = createHash("sha256").update(body).digest().readUInt32BE();
  let checksum = "";
  for (; checksum.length < 6; number = Math.floor(number / 62)) checksum = ALPHABET[number % 62] + checksum;
  assertEquals(readSecret(body + checksum)?.id, info.id);
  assertEquals(await secrets.verify("ci", body + checksum), undefined);
  assertEquals((await secrets.verify("ci", text))?.name, "robot:ci");
});

Deno.test("Secrets.verify() reads the table once a minute for a secret, and each time for none", async () => {
  const { secrets, calls, clock } = stores();
  const { text } = await secrets.create(ROBOT);
  await secrets.verify("ci", text);
  calls.length = 0;
  for (let i = 0; i < 5; i++) await secrets.verify("ci", text);
  assertEquals(calls, []);
  clock.now += 60_001;
  await secrets.verify("ci", text);
  assertEquals(calls, ["get"]);
  const { text: unknown } = makeSecret();
  for (let i = 0; i < 3; i++) await secrets.verify("ci", unknown);
  assertEquals(calls.length, 4);
});

Deno.test("Secrets.verify() refuses what has ended, from memory as well", async () => {
  const { secrets, clock } = stores();
  const { text } = await secrets.create({ ...ROBOT, expiresAt: clock.now + 1000 });
  clock.now += 999;
  assertEquals((await secrets.verify("ci", text))?.name, "robot:ci");
  clock.now += 1;
  assertEquals(await secrets.verify("ci", text), undefined);
});

Deno.test("Secrets.verify() refuses a user's secret as soon as the user is gone", async () => {
  const { secrets, users } = stores();
  const { text } = await secrets.create(USER);
  assertEquals((await secrets.verify("alice", text))?.name, "user:alice");
  users.delete("alice");
  assertEquals(await secrets.verify("alice", text), undefined);
});

Deno.test("Secrets.revoke() ends a secret here at once and elsewhere within a minute", async () => {
  const { secrets, process, clock } = stores();
  const { text, info } = await secrets.create(ROBOT);
  const other = process();
  for (const process of [secrets, other]) assertEquals((await process.verify("ci", text))?.name, "robot:ci");
  assertEquals((await secrets.revoke(info.id))?.id, info.id);
  assertEquals(await secrets.verify("ci", text), undefined);
  clock.now += 60_001;
  assertEquals(await other.verify("ci", text), undefined);
  assertEquals(await secrets.revoke(info.id), undefined);
});

Deno.test("Secrets.verify() knows what another process has just made or revoked although reads lag", async () => {
  const { table, secrets, clock } = stores();
  const late = async () => {
    const { items } = await table.scan({ limit: 100 });
    return () =>
      new Secrets({ table: laggingTable(table, items), findUser: () => undefined, now: () => clock.now });
  };
  const withNone = await late();
  const { text, info } = await secrets.create(ROBOT);
  assertEquals((await withNone().verify("ci", text))?.name, "robot:ci");
  const withOne = await late();
  await secrets.revoke(info.id);
  assertEquals(await withOne().verify("ci", text), undefined);
});

Deno.test("Secrets.revoke() is not undone by a login that is under way", async () => {
  // The login stops before or after each call of the table that it makes.
  for (const method of ["get", "put"]) {
    const { secrets, hooks, table, process } = stores();
    const { text, info } = await secrets.create(ROBOT);
    let revoked = false;
    hooks.before = async (called) => {
      if (called !== method || revoked) return;
      revoked = true;
      await secrets.revoke(info.id);
    };
    await secrets.verify("ci", text);
    assert(revoked);
    delete hooks.before;
    assertEquals(await secrets.verify("ci", text), undefined, method);
    assertEquals(await process().verify("ci", text), undefined, method);
    assertEquals((await table.query("auth#secrets", { limit: 10 })).length, 0, method);
  }
});

Deno.test("Secrets.revoke() is not undone by a read that saw the secret and is answered late", async () => {
  const clock = { now: 1_700_000_000_000 };
  const memory = new MemoryTable();
  let late: Promise<void> | undefined;
  const table = hooked<Table>(memory, () => {}, (method) => method === "get" ? late : undefined);
  const secrets = new Secrets({ table, findUser: () => ({ credential: "hash" }), now: () => clock.now });
  const { text, info } = await secrets.create(ROBOT);
  const { promise, resolve } = Promise.withResolvers<void>();
  late = promise;
  const login = secrets.verify("ci", text);
  await Promise.resolve();
  late = undefined;
  await secrets.revoke(info.id);
  resolve();
  await login; // it began before
  assertEquals(await secrets.verify("ci", text), undefined);
});

Deno.test("Secrets.revoke() ends a secret that is used all the while", async () => {
  const { secrets, hooks, table, process } = stores();
  const { text, info } = await secrets.create(ROBOT);
  let uses = 3;
  hooks.before = async (method) => {
    if (method !== "delete" || uses-- <= 0) return;
    const item = (await table.query("auth#secrets", { limit: 1 }))[0]!;
    await table.put({ ...item }, { ifVersion: item.version });
  };
  assertEquals((await secrets.revoke(info.id))?.id, info.id);
  assertEquals(await process().verify("ci", text), undefined);
});

Deno.test("Secrets.verify() writes once an hour that a secret is used", async () => {
  const { secrets, calls, clock } = stores();
  const { text, info } = await secrets.create(ROBOT);
  const start = clock.now;
  for (let minute = 0; minute < 120; minute++) {
    assertEquals((await secrets.verify("ci", text))?.name, "robot:ci");
    clock.now += 60_000;
  }
  assertEquals(calls.filter((method) => method === "put").length, 1 + 2);
  assertEquals((await secrets.get(info.id))?.usedAt, start + HOUR);
});

Deno.test("Secrets.verify() writes nothing where it may not, and fails for no note", async () => {
  const { process, secrets, hooks } = stores();
  const { text, info } = await secrets.create(ROBOT);
  assertEquals((await process({ touch: false }).verify("ci", text))?.name, "robot:ci");
  assertEquals((await secrets.get(info.id))?.usedAt, undefined);
  hooks.before = (method) => {
    if (method === "put") throw new Error("The table can't be written");
  };
  assertEquals((await secrets.verify("ci", text))?.name, "robot:ci");
});

Deno.test("Secrets.verify() fails where the table does, and remembers nothing of it", async () => {
  const { secrets, hooks } = stores();
  const { text } = await secrets.create(ROBOT);
  hooks.before = () => {
    throw new Error("No table");
  };
  await assertRejects(() => secrets.verify("ci", text), Error, "No table");
  delete hooks.before;
  assertEquals((await secrets.verify("ci", text))?.name, "robot:ci");
});

Deno.test("Secrets.find() tells whom a credential of an earlier login stands for, until it is revoked", async () => {
  const { secrets, users, clock } = stores();
  const robot = await secrets.create(ROBOT);
  const user = await secrets.create({ ...USER, expiresAt: clock.now + HOUR });
  const [ci, alice] = [await secrets.verify("ci", robot.text), await secrets.verify("alice", user.text)];
  assertEquals(await secrets.find(ci!.credential!), ci);
  assertEquals(await secrets.find(alice!.credential!), alice);
  for (const wrong of ["", ".", "x", `${robot.info.id}.x`, robot.info.id, robot.text]) {
    assertEquals(await secrets.find(wrong), undefined, wrong);
  }
  users.delete("alice");
  assertEquals(await secrets.find(alice!.credential!), undefined);
  users.set("alice", { credential: "hash of alice" });
  clock.now += HOUR;
  assertEquals(await secrets.find(alice!.credential!), undefined);
  await secrets.revoke(robot.info.id);
  assertEquals(await secrets.find(ci!.credential!), undefined);
});

Deno.test("Secrets.list() tells all in pages, or those of one owner, and no secret", async () => {
  const { secrets } = stores();
  const made = [];
  for (const secret of [ROBOT, USER, { ...USER, name: "bob" }, { ...ROBOT, description: "nightly" }]) {
    made.push(await secrets.create(secret));
  }
  const ids = made.map(({ info }) => info.id).toSorted();
  const first = await secrets.list({ limit: 3 });
  assertEquals(first.next, ids[2]);
  const second = await secrets.list({ limit: 3, after: first.next! });
  assertEquals(second.next, undefined);
  const listed = [...first.secrets, ...second.secrets];
  assertEquals(listed.map(({ id }) => id), ids);
  const byId = (a: { id: string }, b: { id: string }) => a.id < b.id ? -1 : 1;
  assertEquals(listed, made.map(({ info }) => info).toSorted(byId));
  for (const { text } of made) assert(!JSON.stringify(listed).includes(text.slice(21)));
  assert(!JSON.stringify(listed).includes("hash"));

  const robots = await secrets.list({ owner: ROBOT, limit: 1 });
  assertEquals(robots.secrets.map(({ name }) => name), ["ci"]);
  const more = await secrets.list({ owner: ROBOT, limit: 1, after: robots.next! });
  assertEquals([more.secrets.length, more.next], [1, undefined]);
  const mine = await secrets.list({ owner: USER, limit: 10 });
  assertEquals(mine.secrets.map(({ name }) => name), ["alice"]);
});

Deno.test("Secrets.create() keeps no secret in the table", async () => {
  const { secrets, table } = stores();
  const { text } = await secrets.create(ROBOT);
  const items = JSON.stringify(await table.query("auth#secrets", { limit: 10 }));
  assert(!items.includes(text.slice(21)) && items.includes('"hash"'));
});

Deno.test("Secrets.create() refuses what can't be", async () => {
  const { secrets, clock } = stores();
  const wrong: [Partial<NewSecret>, RegExp][] = [
    [{ name: "" }, /^Expected the name of a robot account$/],
    [{ name: "CI" }, /^Expected the name of a robot account$/],
    [{ name: "a".repeat(65) }, /^Expected the name of a robot account$/],
    [{ kind: "user", name: "a:b" }, /^Expected the name of a user$/],
    [{ description: "a\nb" }, /^Expected a description/],
    [{ description: "a".repeat(257) }, /^Expected a description/],
    [{ expiresAt: clock.now }, /^Expected an expiry in the future$/],
    [{ expiresAt: NaN }, /^Expected an expiry in the future$/],
    [{ expiresAt: Infinity }, /^Expected an expiry in the future$/],
    [{ bounds: [] }, /^Expected grants/],
    [{ bounds: [{ repositories: "{a,b}", actions: ["pull"] }] }, /^Expected grants/],
  ];
  for (const [fields, message] of wrong) {
    const error = await assertRejects(() => secrets.create({ ...ROBOT, ...fields }), SecretError);
    assert(message.test(error.message), error.message);
  }
  assertEquals((await secrets.list({ limit: 10 })).secrets, []);
});

Deno.test("Secrets.create() replaces expired tokens, and gives no account more than a hundred", async () => {
  const { secrets, clock } = stores();
  for (let i = 0; i < 99; i++) await secrets.create(USER);
  await secrets.create({ ...USER, expiresAt: clock.now + HOUR });
  await assertRejects(() => secrets.create(USER), SecretError, 'more than 100 tokens for "alice"');
  await secrets.create({ ...USER, name: "bob" });
  await secrets.create(ROBOT);
  clock.now += HOUR;
  await secrets.create(USER);
  assertEquals((await secrets.list({ owner: USER, limit: 200 })).secrets.length, 100);
  await assertRejects(() => secrets.create(USER), SecretError);
});

Deno.test("Secrets.verify() refuses the secret of a user who was removed and came back", async () => {
  const { secrets, users, process, clock } = stores();
  const { text, info } = await secrets.create(USER);
  const credential = (await secrets.verify("alice", text))!.credential!;
  users.set("alice", { credential: "hash of another password" });
  for (const one of [secrets, process()]) {
    assertEquals(await one.verify("alice", text), undefined);
    assertEquals(await one.find(credential), undefined);
  }
  assertEquals((await secrets.get(info.id))?.suspended, true);
  assertEquals((await secrets.list({ limit: 10 })).secrets[0]?.suspended, true);
  const { text: newer } = await secrets.create(USER);
  assertEquals((await secrets.verify("alice", newer))?.name, "user:alice");
  users.set("alice", { credential: "hash of alice" });
  clock.now += HOUR;
  assertEquals((await secrets.verify("alice", text))?.name, "user:alice");
  assertEquals((await secrets.get(info.id))?.suspended, undefined);
});

Deno.test("Secrets.hasEnded() is true of secrets that are gone or have expired, and not of suspended ones", async () => {
  const { secrets, users, clock } = stores();
  const made = async (secret: NewSecret) => {
    const { text, info } = await secrets.create(secret);
    return { info, credential: (await secrets.verify(secret.name, text))!.credential! };
  };
  const brief = await made({ ...ROBOT, expiresAt: clock.now + HOUR });
  const personal = await made(USER);
  users.clear();
  const ended = () => Promise.all([brief, personal].map(({ credential }) => secrets.hasEnded(credential)));
  assertEquals(await ended(), [false, false]);
  clock.now += HOUR;
  assertEquals(await ended(), [true, false]);
  await secrets.revoke(personal.info.id);
  assertEquals(await ended(), [true, true]);
  assertEquals(await secrets.hasEnded("hash of a password"), false);
});

Deno.test("Secrets.keep() keeps the secrets of one user after a change of the password, and of no other", async () => {
  const { secrets, users } = stores();
  const alices = [await secrets.create(USER), await secrets.create(USER)];
  const bobs = await secrets.create({ ...USER, name: "bob" });
  for (const name of ["alice", "bob"]) users.set(name, { credential: `new hash of ${name}` });
  assertEquals(await secrets.verify("alice", alices[0]!.text), undefined);
  assertEquals(await secrets.keep("alice"), 2);
  assertEquals(await secrets.keep("alice"), 0);
  for (const { text } of alices) assertEquals((await secrets.verify("alice", text))?.name, "user:alice");
  assertEquals(await secrets.verify("bob", bobs.text), undefined);
  await assertRejects(() => secrets.keep("carol"), SecretError, "No such user");
});

Deno.test("Secrets bounds the lifetime of every secret, of those that were made before as well", async () => {
  const { secrets, process, clock } = stores();
  const endless = await secrets.create(ROBOT);
  const bounded = process({ maxLifetime: 24 * HOUR });
  assertEquals((await bounded.get(endless.info.id))?.expiresAt, clock.now + 24 * HOUR);
  for (const kind of [ROBOT, USER]) {
    await assertRejects(() => bounded.create(kind), SecretError, "within 24 hours");
    const late = { ...kind, expiresAt: clock.now + 24 * HOUR + 1 };
    await assertRejects(() => bounded.create(late), SecretError, "within 24 hours");
    await bounded.create({ ...kind, expiresAt: clock.now + 24 * HOUR });
  }
  clock.now += 24 * HOUR - 1;
  assertEquals((await bounded.verify("ci", endless.text))?.name, "robot:ci");
  clock.now += 1;
  assertEquals(await bounded.verify("ci", endless.text), undefined);
  assertEquals((await secrets.verify("ci", endless.text))?.name, "robot:ci");
});
