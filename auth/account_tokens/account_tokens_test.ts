import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { MemoryTable, type Table } from "../../storage/mod.ts";
import { laggingTable } from "../../tests/harness/lagging.ts";
import { hooked } from "../../tests/harness/stores.ts";
import { makeAccountToken, readAccountToken } from "./account_token_text.ts";
import { AccountTokenError } from "./account_token_error.ts";
import { AccountTokens, type NewAccountToken } from "./account_tokens.ts";

const ROBOT: NewAccountToken = { kind: "robot", name: "ci", createdBy: "operator" };
const USER: NewAccountToken = { kind: "user", name: "alice", createdBy: "user:alice" };
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
    new AccountTokens({ table, findUser: (name) => users.get(name), now: () => clock.now, ...options });
  return { clock, calls, hooks, table, users, process, tokens: process() };
}

Deno.test("AccountTokens.verify() identifies a robot account and a user by their token and name", async () => {
  const { tokens } = stores();
  const bounds = [{ repositories: "team/**", actions: ["pull"] }] as const;
  const robot = await tokens.create({ ...ROBOT, bounds });
  const { credential, ...principal } = (await tokens.verify("ci", robot.text))!;
  assertEquals(principal, { kind: "robot", name: "robot:ci", bounds: [...bounds] });
  assert(credential !== undefined && !robot.text.includes(credential.slice(17)));

  const user = await tokens.create(USER);
  const alice = await tokens.verify("alice", user.text);
  assertEquals([alice?.kind, alice?.name], ["user", "user:alice"]);
  assertEquals(alice?.bounds?.[0]?.repositories, "**", "it is never as good as a password");

  for (
    const [name, text] of [["alice", robot.text], ["ci", user.text], ["bob", user.text], ["", user.text]]
  ) {
    assertEquals(await tokens.verify(name!, text!), undefined);
  }
});

Deno.test("AccountTokens.verify() rejects a malformed token without a request to the table", async () => {
  const { tokens, calls } = stores();
  const { text } = await tokens.create(ROBOT);
  calls.length = 0;
  for (const wrong of ["", "password", text.slice(0, -1), `${text}x`, text.replace(/.$/, "~")]) {
    assertEquals(await tokens.verify("ci", wrong), undefined);
  }
  assertEquals(calls, []);
  assertEquals(await tokens.verify("ci", makeAccountToken().text), undefined);
  assertEquals(calls, ["get"]);
});

Deno.test("AccountTokens.verify() refuses another token with the id of one that is known", async () => {
  const { tokens } = stores();
  const { text, info } = await tokens.create(ROBOT);
  await tokens.verify("ci", text);
  // A forgery by an attacker who knows the id and the rule of the checksum.
  const body = `skr_${info.id}_${makeAccountToken().text.slice(21, 64)}`;
  let number = createHash("sha256").update(body).digest().readUInt32BE();
  let checksum = "";
  for (; checksum.length < 6; number = Math.floor(number / 62)) checksum = ALPHABET[number % 62] + checksum;
  assertEquals(readAccountToken(body + checksum)?.id, info.id);
  assertEquals(await tokens.verify("ci", body + checksum), undefined);
  assertEquals((await tokens.verify("ci", text))?.name, "robot:ci");
});

Deno.test("AccountTokens.verify() reads the table once a minute for a token, and each time for an unknown one", async () => {
  const { tokens, calls, clock } = stores();
  const { text } = await tokens.create(ROBOT);
  await tokens.verify("ci", text);
  calls.length = 0;
  for (let i = 0; i < 5; i++) await tokens.verify("ci", text);
  assertEquals(calls, []);
  clock.now += 60_001;
  await tokens.verify("ci", text);
  assertEquals(calls, ["get"]);
  const { text: unknown } = makeAccountToken();
  for (let i = 0; i < 3; i++) await tokens.verify("ci", unknown);
  assertEquals(calls.length, 4);
});

Deno.test("AccountTokens.verify() rejects expired and revoked tokens, also from memory", async () => {
  const { tokens, clock } = stores();
  const { text } = await tokens.create({ ...ROBOT, expiresAt: clock.now + 1000 });
  clock.now += 999;
  assertEquals((await tokens.verify("ci", text))?.name, "robot:ci");
  clock.now += 1;
  assertEquals(await tokens.verify("ci", text), undefined);
});

Deno.test("AccountTokens.verify() refuses a user's token as soon as the user is gone", async () => {
  const { tokens, users } = stores();
  const { text } = await tokens.create(USER);
  assertEquals((await tokens.verify("alice", text))?.name, "user:alice");
  users.delete("alice");
  assertEquals(await tokens.verify("alice", text), undefined);
});

Deno.test("AccountTokens.revoke() ends a token here at once and elsewhere within a minute", async () => {
  const { tokens, process, clock } = stores();
  const { text, info } = await tokens.create(ROBOT);
  const other = process();
  for (const process of [tokens, other]) assertEquals((await process.verify("ci", text))?.name, "robot:ci");
  assertEquals((await tokens.revoke(info.id))?.id, info.id);
  assertEquals(await tokens.verify("ci", text), undefined);
  clock.now += 60_001;
  assertEquals(await other.verify("ci", text), undefined);
  assertEquals(await tokens.revoke(info.id), undefined);
});

Deno.test("AccountTokens.verify() sees a token that another process has just created or revoked, although reads lag", async () => {
  const { table, tokens, clock } = stores();
  const late = async () => {
    const { items } = await table.scan({ limit: 100 });
    return () =>
      new AccountTokens({
        table: laggingTable(table, items),
        findUser: () => undefined,
        now: () => clock.now,
      });
  };
  const withNone = await late();
  const { text, info } = await tokens.create(ROBOT);
  assertEquals((await withNone().verify("ci", text))?.name, "robot:ci");
  const withOne = await late();
  await tokens.revoke(info.id);
  assertEquals(await withOne().verify("ci", text), undefined);
});

Deno.test("AccountTokens.revoke() is not undone by a login that is under way", async () => {
  // The login stops before or after each call of the table that it makes.
  for (const method of ["get", "put"]) {
    const { tokens, hooks, table, process } = stores();
    const { text, info } = await tokens.create(ROBOT);
    let revoked = false;
    hooks.before = async (called) => {
      if (called !== method || revoked) return;
      revoked = true;
      await tokens.revoke(info.id);
    };
    await tokens.verify("ci", text);
    assert(revoked);
    delete hooks.before;
    assertEquals(await tokens.verify("ci", text), undefined, method);
    assertEquals(await process().verify("ci", text), undefined, method);
    assertEquals((await table.query("auth#secrets", { limit: 10 })).length, 0, method);
  }
});

Deno.test("AccountTokens.revoke() is not undone by a read that saw the token and is answered late", async () => {
  const clock = { now: 1_700_000_000_000 };
  const memory = new MemoryTable();
  let late: Promise<void> | undefined;
  const table = hooked<Table>(memory, () => {}, (method) => method === "get" ? late : undefined);
  const tokens = new AccountTokens({ table, findUser: () => ({ credential: "hash" }), now: () => clock.now });
  const { text, info } = await tokens.create(ROBOT);
  const { promise, resolve } = Promise.withResolvers<void>();
  late = promise;
  const login = tokens.verify("ci", text);
  await Promise.resolve();
  late = undefined;
  await tokens.revoke(info.id);
  resolve();
  await login; // it began before
  assertEquals(await tokens.verify("ci", text), undefined);
});

Deno.test("AccountTokens.revoke() revokes a token that is in constant use", async () => {
  const { tokens, hooks, table, process } = stores();
  const { text, info } = await tokens.create(ROBOT);
  let uses = 3;
  hooks.before = async (method) => {
    if (method !== "delete" || uses-- <= 0) return;
    const item = (await table.query("auth#secrets", { limit: 1 }))[0]!;
    await table.put({ ...item }, { ifVersion: item.version });
  };
  assertEquals((await tokens.revoke(info.id))?.id, info.id);
  assertEquals(await process().verify("ci", text), undefined);
});

Deno.test("AccountTokens.verify() writes once an hour that a token is used", async () => {
  const { tokens, calls, clock } = stores();
  const { text, info } = await tokens.create(ROBOT);
  const start = clock.now;
  for (let minute = 0; minute < 120; minute++) {
    assertEquals((await tokens.verify("ci", text))?.name, "robot:ci");
    clock.now += 60_000;
  }
  assertEquals(calls.filter((method) => method === "put").length, 1 + 2);
  assertEquals((await tokens.get(info.id))?.usedAt, start + HOUR);
});

Deno.test("AccountTokens.verify() writes nothing if it may not, and succeeds if the write of the last use fails", async () => {
  const { process, tokens, hooks } = stores();
  const { text, info } = await tokens.create(ROBOT);
  assertEquals((await process({ touch: false }).verify("ci", text))?.name, "robot:ci");
  assertEquals((await tokens.get(info.id))?.usedAt, undefined);
  hooks.before = (method) => {
    if (method === "put") throw new Error("The table can't be written");
  };
  assertEquals((await tokens.verify("ci", text))?.name, "robot:ci");
});

Deno.test("AccountTokens.verify() rejects if the table fails, and caches nothing", async () => {
  const { tokens, hooks } = stores();
  const { text } = await tokens.create(ROBOT);
  hooks.before = () => {
    throw new Error("No table");
  };
  await assertRejects(() => tokens.verify("ci", text), Error, "No table");
  delete hooks.before;
  assertEquals((await tokens.verify("ci", text))?.name, "robot:ci");
});

Deno.test("AccountTokens.find() returns the principal of an earlier login's credential until the token is revoked", async () => {
  const { tokens, users, clock } = stores();
  const robot = await tokens.create(ROBOT);
  const user = await tokens.create({ ...USER, expiresAt: clock.now + HOUR });
  const [ci, alice] = [await tokens.verify("ci", robot.text), await tokens.verify("alice", user.text)];
  assertEquals(await tokens.find(ci!.credential!), ci);
  assertEquals(await tokens.find(alice!.credential!), alice);
  for (const wrong of ["", ".", "x", `${robot.info.id}.x`, robot.info.id, robot.text]) {
    assertEquals(await tokens.find(wrong), undefined, wrong);
  }
  users.delete("alice");
  assertEquals(await tokens.find(alice!.credential!), undefined);
  users.set("alice", { credential: "hash of alice" });
  clock.now += HOUR;
  assertEquals(await tokens.find(alice!.credential!), undefined);
  await tokens.revoke(robot.info.id);
  assertEquals(await tokens.find(ci!.credential!), undefined);
});

Deno.test("AccountTokens.list() returns all tokens in pages, or those of one owner, without their text", async () => {
  const { tokens } = stores();
  const made = [];
  for (const token of [ROBOT, USER, { ...USER, name: "bob" }, { ...ROBOT, description: "nightly" }]) {
    made.push(await tokens.create(token));
  }
  const ids = made.map(({ info }) => info.id).toSorted();
  const first = await tokens.list({ limit: 3 });
  assertEquals(first.next, ids[2]);
  const second = await tokens.list({ limit: 3, after: first.next! });
  assertEquals(second.next, undefined);
  const listed = [...first.tokens, ...second.tokens];
  assertEquals(listed.map(({ id }) => id), ids);
  const byId = (a: { id: string }, b: { id: string }) => a.id < b.id ? -1 : 1;
  assertEquals(listed, made.map(({ info }) => info).toSorted(byId));
  for (const { text } of made) assert(!JSON.stringify(listed).includes(text.slice(21)));
  assert(!JSON.stringify(listed).includes("hash"));

  const robots = await tokens.list({ owner: ROBOT, limit: 1 });
  assertEquals(robots.tokens.map(({ name }) => name), ["ci"]);
  const more = await tokens.list({ owner: ROBOT, limit: 1, after: robots.next! });
  assertEquals([more.tokens.length, more.next], [1, undefined]);
  const mine = await tokens.list({ owner: USER, limit: 10 });
  assertEquals(mine.tokens.map(({ name }) => name), ["alice"]);
});

Deno.test("AccountTokens.create() keeps no token in the table", async () => {
  const { tokens, table } = stores();
  const { text } = await tokens.create(ROBOT);
  const items = JSON.stringify(await table.query("auth#secrets", { limit: 10 }));
  assert(!items.includes(text.slice(21)) && items.includes('"hash"'));
});

Deno.test("AccountTokens.create() rejects invalid terms", async () => {
  const { tokens, clock } = stores();
  const wrong: [Partial<NewAccountToken>, RegExp][] = [
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
    const error = await assertRejects(() => tokens.create({ ...ROBOT, ...fields }), AccountTokenError);
    assert(message.test(error.message), error.message);
  }
  assertEquals((await tokens.list({ limit: 10 })).tokens, []);
});

Deno.test("AccountTokens.create() replaces expired tokens, and gives no account more than a hundred", async () => {
  const { tokens, clock } = stores();
  for (let i = 0; i < 99; i++) await tokens.create(USER);
  await tokens.create({ ...USER, expiresAt: clock.now + HOUR });
  await assertRejects(() => tokens.create(USER), AccountTokenError, 'more than 100 tokens for "alice"');
  await tokens.create({ ...USER, name: "bob" });
  await tokens.create(ROBOT);
  clock.now += HOUR;
  await tokens.create(USER);
  assertEquals((await tokens.list({ owner: USER, limit: 200 })).tokens.length, 100);
  await assertRejects(() => tokens.create(USER), AccountTokenError);
});

Deno.test("AccountTokens.verify() refuses the token of a user who was removed and added again", async () => {
  const { tokens, users, process, clock } = stores();
  const { text, info } = await tokens.create(USER);
  const credential = (await tokens.verify("alice", text))!.credential!;
  users.set("alice", { credential: "hash of another password" });
  for (const one of [tokens, process()]) {
    assertEquals(await one.verify("alice", text), undefined);
    assertEquals(await one.find(credential), undefined);
  }
  assertEquals((await tokens.get(info.id))?.suspended, true);
  assertEquals((await tokens.list({ limit: 10 })).tokens[0]?.suspended, true);
  const { text: newer } = await tokens.create(USER);
  assertEquals((await tokens.verify("alice", newer))?.name, "user:alice");
  users.set("alice", { credential: "hash of alice" });
  clock.now += HOUR;
  assertEquals((await tokens.verify("alice", text))?.name, "user:alice");
  assertEquals((await tokens.get(info.id))?.suspended, undefined);
});

Deno.test("AccountTokens.hasEnded() is true of tokens that are gone or have expired, and not of suspended ones", async () => {
  const { tokens, users, clock } = stores();
  const made = async (token: NewAccountToken) => {
    const { text, info } = await tokens.create(token);
    return { info, credential: (await tokens.verify(token.name, text))!.credential! };
  };
  const brief = await made({ ...ROBOT, expiresAt: clock.now + HOUR });
  const personal = await made(USER);
  users.clear();
  const ended = () => Promise.all([brief, personal].map(({ credential }) => tokens.hasEnded(credential)));
  assertEquals(await ended(), [false, false]);
  clock.now += HOUR;
  assertEquals(await ended(), [true, false]);
  await tokens.revoke(personal.info.id);
  assertEquals(await ended(), [true, true]);
  assertEquals(await tokens.hasEnded("hash of a password"), false);
});

Deno.test("AccountTokens.keep() keeps the tokens of one user after a change of the password, and of no other", async () => {
  const { tokens, users } = stores();
  const alices = [await tokens.create(USER), await tokens.create(USER)];
  const bobs = await tokens.create({ ...USER, name: "bob" });
  for (const name of ["alice", "bob"]) users.set(name, { credential: `new hash of ${name}` });
  assertEquals(await tokens.verify("alice", alices[0]!.text), undefined);
  assertEquals(await tokens.keep("alice"), 2);
  assertEquals(await tokens.keep("alice"), 0);
  for (const { text } of alices) assertEquals((await tokens.verify("alice", text))?.name, "user:alice");
  assertEquals(await tokens.verify("bob", bobs.text), undefined);
  await assertRejects(() => tokens.keep("carol"), AccountTokenError, "No such user");
});

Deno.test("AccountTokens limits the lifetime of every token, including earlier ones", async () => {
  const { tokens, process, clock } = stores();
  const endless = await tokens.create(ROBOT);
  const bounded = process({ maxLifetime: 24 * HOUR });
  assertEquals((await bounded.get(endless.info.id))?.expiresAt, clock.now + 24 * HOUR);
  for (const kind of [ROBOT, USER]) {
    await assertRejects(() => bounded.create(kind), AccountTokenError, "within 24 hours");
    const late = { ...kind, expiresAt: clock.now + 24 * HOUR + 1 };
    await assertRejects(() => bounded.create(late), AccountTokenError, "within 24 hours");
    await bounded.create({ ...kind, expiresAt: clock.now + 24 * HOUR });
  }
  clock.now += 24 * HOUR - 1;
  assertEquals((await bounded.verify("ci", endless.text))?.name, "robot:ci");
  clock.now += 1;
  assertEquals(await bounded.verify("ci", endless.text), undefined);
  assertEquals((await tokens.verify("ci", endless.text))?.name, "robot:ci");
});
