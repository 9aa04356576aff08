import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { StorageFullError, UnavailableError } from "../../storage/mod.ts";
import { REFRESH_TOKEN_PREFIX, RefreshTokens } from "./refresh_tokens.ts";
import { ALICE, HOUR, LIFETIME_MS, ROBOT, world } from "./testing/refresh_tokens.ts";

Deno.test("RefreshTokens.redeem() returns the principal of the token each time", async () => {
  const { issue, owner } = world();
  const token = await issue();
  for (let i = 0; i < 3; i++) assertEquals(await owner(token), ALICE);
  assertEquals(await owner(await issue(ROBOT)), ROBOT);
});

Deno.test("RefreshTokens.issue() makes tokens that cannot be guessed and that secret scanners recognize", async () => {
  const { issue } = world();
  const tokens = new Set<string>();
  for (let i = 0; i < 20; i++) tokens.add(await issue());
  assertEquals(tokens.size, 20);
  for (const token of tokens) assertMatch(token, /^skrr_[A-Za-z0-9_-]{79}$/);
  assertEquals(new Set([...tokens].map((token) => token.slice(-43, -3))).size, 20);
});

Deno.test("RefreshTokens.issue() returns none for principals without a password or a distinct credential", async () => {
  const { tokens, calls } = world();
  for (const kind of ["anonymous", "workload", "certificate", "external"] as const) {
    assertEquals(await tokens.issue({ kind, name: `${kind}:x`, credential: "hash" }, ""), undefined);
  }
  assertEquals(await tokens.issue({ kind: "user", name: "user:alice" }, ""), undefined);
  assertEquals(calls, []);
});

Deno.test("RefreshTokens.issue() stores only a hash of the token", async () => {
  const { issue, memory } = world();
  const token = await issue(ROBOT);
  const { items } = await memory.scan({ limit: 10 });
  assertEquals(items.length, 1);
  assertEquals(items[0]!.attributes["hash"], createHash("sha256").update(token).digest("hex"));
  const stored = JSON.stringify(items);
  const secret = token.slice(-59); // with what names the login
  for (let i = 0; i + 8 <= secret.length; i++) assert(!stored.includes(secret.slice(i, i + 8)));
});

Deno.test("RefreshTokens.redeem() rejects a malformed token without a request to the table", async () => {
  const { tokens, issue, calls } = world();
  const token = await issue();
  calls.length = 0;
  for (
    const text of [
      "",
      "password",
      REFRESH_TOKEN_PREFIX,
      token.slice(0, -1),
      `${token}A`,
      `${token}\n`,
      ` ${token}`,
      token.toUpperCase(),
      token.replace("skrr_", "skr_"),
      token.slice(0, -1) + "=",
    ]
  ) {
    assertEquals(await tokens.redeem(text), undefined, text);
  }
  assertEquals(calls, []);
});

Deno.test("RefreshTokens.redeem() refuses a token with another character, and with another principal's tag", async () => {
  const { tokens, issue, owner } = world();
  const [alice, robot] = [await issue(), await issue(ROBOT)];
  const change = (token: string, i: number) =>
    token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1);
  for (let i = 5; i < 41; i++) assertEquals(await tokens.redeem(change(alice, i)), undefined, `${i}`);
  assertEquals(await tokens.redeem(robot.slice(0, 17) + alice.slice(17)), undefined);
  assertEquals(await owner(alice), ALICE);
  // Only a holder of one of its tokens knows the login, so another secret is a token that was replaced.
  for (let i = 41; i < 84; i++) {
    const token = await issue();
    assertEquals(await tokens.redeem(change(token, i)), undefined, `${i}`);
    assertEquals(await tokens.redeem(token), undefined, `${i}`);
  }
});

Deno.test("RefreshTokens.redeem() refuses a token of another service", async () => {
  const { common, issue, owner } = world();
  const token = await issue();
  assertEquals(await new RefreshTokens({ ...common, service: "other.test" }).redeem(token), undefined);
  assertEquals(await owner(token), ALICE);
});

Deno.test("RefreshTokens.redeem() rejects an expired token, also one that is used often", async () => {
  const { tokens, issue, clock, list, owner } = world();
  const token = await issue();
  clock.now += LIFETIME_MS - 1;
  assertEquals(await owner(token), ALICE);
  assertEquals((await list()).length, 1);
  clock.now += 1;
  assertEquals(await tokens.redeem(token), undefined);
  assertEquals(await list(), []);
});

Deno.test("RefreshTokens.redeem() refuses a token when the password is another one, until it is the same again", async () => {
  const { tokens, issue, people, owner } = world();
  const token = await issue();
  people.set(ALICE.name, { ...ALICE, credential: "another hash" });
  assertEquals(await tokens.redeem(token), undefined);
  const { credential: _, ...without } = ALICE;
  people.set(ALICE.name, without);
  assertEquals(await tokens.redeem(token), undefined);
  people.set(ALICE.name, ALICE);
  assertEquals(await owner(token), ALICE);
});

Deno.test("RefreshTokens.redeem() refuses a token whose account is gone or was replaced by another", async () => {
  const { tokens, issue, people, asked } = world();
  const token = await issue();
  people.delete(ALICE.name);
  assertEquals(await tokens.redeem(token), undefined);
  assertEquals(asked, [ALICE]);
  for (const other of [{ ...ALICE, kind: "robot" as const }, { ...ALICE, name: "user:bob" }]) {
    people.set(ALICE.name, other);
    assertEquals(await tokens.redeem(token), undefined);
  }
});

Deno.test("RefreshTokens.redeem() applies the bounds of the credential at its login, and its present ones", async () => {
  const { issue, people, owner } = world();
  const token = await issue(ROBOT);
  const { bounds: _, ...unbounded } = ROBOT;
  people.set(ROBOT.name, unbounded);
  assertEquals(await owner(token), ROBOT);
  const narrower = { ...ROBOT, bounds: [{ repositories: "team/app", actions: ["pull"] as const }] };
  people.set(ROBOT.name, narrower);
  assertEquals(await owner(token), narrower);
});

Deno.test("RefreshTokens.redeem() rejects while the table fails", async () => {
  const { tokens, issue, hooks } = world();
  const token = await issue();
  hooks.before = () => {
    throw new UnavailableError("read the token", new Error("timeout"));
  };
  const error = await tokens.redeem(token).catch((error) => error);
  assert(error instanceof UnavailableError);
});

Deno.test("RefreshTokens.redeem() writes a use down once an hour", async () => {
  const { tokens, issue, clock, calls, list } = world();
  const token = await issue();
  assertEquals((await list())[0]?.usedAt, undefined);
  const first = clock.now;
  await tokens.redeem(token);
  assertEquals((await list())[0]?.usedAt, first);
  calls.length = 0;
  clock.now += HOUR - 1;
  await tokens.redeem(token);
  assertEquals(calls, ["get"]);
  clock.now += 1;
  await tokens.redeem(token);
  assertEquals(calls, ["get", "get", "put"]);
  assertEquals((await list())[0]?.usedAt, first + HOUR);
});

Deno.test("RefreshTokens.redeem() rejects a token that was not used for the idle time, and for good", async () => {
  const { issue, owner, clock } = world({ idle: 12 * HOUR });
  const token = await issue();
  for (let i = 0; i < 5; i++) {
    clock.now += 11 * HOUR;
    assertEquals(await owner(token), ALICE);
  }
  clock.now += 12 * HOUR - 1;
  assertEquals(await owner(token), ALICE);
  clock.now += 12 * HOUR;
  assertEquals([await owner(token), await owner(token)], [undefined, undefined]);
});

Deno.test("RefreshTokens.end() revokes the token of its holder, and no other", async () => {
  const { tokens, issue, owner, common, list } = world();
  const [token, kept] = [await issue(), await issue()];
  await tokens.end(token.slice(0, -4) + (token.endsWith("AAAA") ? "BBBB" : "AAAA"));
  await tokens.end("password");
  await new RefreshTokens({ ...common, service: "other.test" }).end(token);
  assertEquals([await owner(token), await owner(kept)], [ALICE, ALICE]);
  await tokens.end(token);
  assertEquals([await owner(token), await owner(kept)], [undefined, ALICE]);
  assertEquals((await list()).length, 1);
  await tokens.end(token);
});

Deno.test("RefreshTokens.redeem() accepts a token although its use cannot be recorded", async () => {
  for (const error of [new StorageFullError("full"), new UnavailableError("write", new Error("throttled"))]) {
    const { issue, hooks, owner } = world();
    const token = await issue();
    hooks.before = (method) => {
      if (method === "put") throw error;
    };
    assertEquals(await owner(token), ALICE);
  }
});

Deno.test("RefreshTokens.issue() rejects if any call to the table fails", async () => {
  for (let call = 1; call <= 3; call++) {
    const { issue, hooks } = world();
    let calls = 0;
    hooks.before = () => {
      if (++calls === call) throw new UnavailableError("read the items", undefined);
    };
    await assertRejects(() => issue(), UnavailableError);
    assertEquals(calls, call);
  }
});
