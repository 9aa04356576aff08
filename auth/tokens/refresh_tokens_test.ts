import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { MemoryTable, StorageFullError, type Table, UnavailableError } from "../../storage/mod.ts";
import { hooked } from "../../tests/harness/stores.ts";
import type { Principal } from "../principal.ts";
import {
  listLogins,
  MAX_LOGINS,
  REFRESH_TOKEN_PREFIX,
  RefreshTokens,
  type RefreshTokensOptions,
  REPLACED_TOLERANCE_MS,
  revokeLogins,
} from "./refresh_tokens.ts";

const HOUR = 3_600_000;
const LIFETIME = 30 * 24 * HOUR;
const ALICE: Principal = { kind: "user", name: "user:alice", credential: "hash-of-her-password" };
const ROBOT: Principal = {
  kind: "robot",
  name: "robot:ci",
  credential: "id.hash",
  bounds: [{ repositories: "team/**", actions: ["pull", "push"] }],
};

/** Refresh tokens over a table, a clock, and who is still there. */
function world(options: Partial<RefreshTokensOptions> = {}) {
  const clock = { now: 1_700_000_000_000 };
  const calls: string[] = [];
  const hooks: { before?: (method: string) => void | Promise<void> } = {};
  const memory = new MemoryTable();
  const table = hooked<Table>(memory, async (method) => {
    calls.push(method);
    await hooks.before?.(method);
  });
  const people = new Map([ALICE, ROBOT].map((principal) => [principal.name, principal]));
  const asked: Principal[] = [];
  const ended = new Set<string>();
  const common: RefreshTokensOptions = {
    table,
    service: "registry.test",
    lifetime: LIFETIME,
    stillThere(principal) {
      asked.push(principal);
      return Promise.resolve(people.get(principal.name));
    },
    hasEnded: (credential) => Promise.resolve(ended.has(credential)),
    now: () => clock.now,
    ...options,
  };
  const tokens = new RefreshTokens(common);
  const issue = async (principal = ALICE, client = "docker") => (await tokens.issue(principal, client))!;
  const owner = async (token: string) => (await tokens.redeem(token))?.principal;
  const list = (principal = ALICE) =>
    listLogins(memory, principal.name, { stillThere: common.stillThere, now: clock.now });
  return { ended, clock, calls, hooks, memory, people, asked, common, tokens, issue, list, owner };
}

Deno.test("RefreshTokens.redeem() knows whose the token is, again and again", async () => {
  const { issue, owner } = world();
  const token = await issue();
  for (let i = 0; i < 3; i++) assertEquals(await owner(token), ALICE);
  assertEquals(await owner(await issue(ROBOT)), ROBOT);
});

Deno.test("RefreshTokens.issue() makes tokens that nobody can guess, and that a scanner knows", async () => {
  const { issue } = world();
  const tokens = new Set<string>();
  for (let i = 0; i < 20; i++) tokens.add(await issue());
  assertEquals(tokens.size, 20);
  for (const token of tokens) assertMatch(token, /^skrr_[A-Za-z0-9_-]{79}$/);
  assertEquals(new Set([...tokens].map((token) => token.slice(-43, -3))).size, 20);
});

Deno.test("RefreshTokens.issue() makes none for those who have no password, or none that can be told from another", async () => {
  const { tokens, calls } = world();
  for (const kind of ["anonymous", "workload", "certificate", "external"] as const) {
    assertEquals(await tokens.issue({ kind, name: `${kind}:x`, credential: "hash" }, ""), undefined);
  }
  assertEquals(await tokens.issue({ kind: "user", name: "user:alice" }, ""), undefined);
  assertEquals(calls, []);
});

Deno.test("RefreshTokens.issue() keeps a hash of the token and nothing else of it", async () => {
  const { issue, memory } = world();
  const token = await issue(ROBOT);
  const { items } = await memory.scan({ limit: 10 });
  assertEquals(items.length, 1);
  assertEquals(items[0]!.attributes["hash"], createHash("sha256").update(token).digest("hex"));
  const stored = JSON.stringify(items);
  const secret = token.slice(-59); // with what names the login
  for (let i = 0; i + 8 <= secret.length; i++) assert(!stored.includes(secret.slice(i, i + 8)));
});

Deno.test("RefreshTokens.redeem() refuses what is no such token, without a look at the table", async () => {
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

Deno.test("RefreshTokens.redeem() refuses a token that has expired, however often it was used", async () => {
  const { tokens, issue, clock, list, owner } = world();
  const token = await issue();
  clock.now += LIFETIME - 1;
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

Deno.test("RefreshTokens.redeem() refuses a token whose owner is gone, or is somebody else now", async () => {
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

Deno.test("RefreshTokens.redeem() keeps the bounds of the credential, and takes those that it has now", async () => {
  const { issue, people, owner } = world();
  const token = await issue(ROBOT);
  const { bounds: _, ...unbounded } = ROBOT;
  people.set(ROBOT.name, unbounded);
  assertEquals(await owner(token), ROBOT);
  const narrower = { ...ROBOT, bounds: [{ repositories: "team/app", actions: ["pull"] as const }] };
  people.set(ROBOT.name, narrower);
  assertEquals(await owner(token), narrower);
});

Deno.test("RefreshTokens.redeem() says that nobody can tell while the table can't", async () => {
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

Deno.test("RefreshTokens.redeem() takes a token whose use can't be written down", async () => {
  for (const error of [new StorageFullError("full"), new UnavailableError("write", new Error("throttled"))]) {
    const { issue, hooks, owner } = world();
    const token = await issue();
    hooks.before = (method) => {
      if (method === "put") throw error;
    };
    assertEquals(await owner(token), ALICE);
  }
});

Deno.test("revokeLogins() ends a token at once, in every process", async () => {
  const { tokens, issue, common, memory, list } = world();
  const [token, other] = [await issue(), await issue()];
  await tokens.redeem(token);
  const id = (await list()).find(({ usedAt }) => usedAt !== undefined)!.id;
  assertEquals(await revokeLogins(memory, ALICE.name, id), 1);
  for (const process of [tokens, new RefreshTokens(common)]) {
    assertEquals(await process.redeem(token), undefined);
    assertEquals((await process.redeem(other))?.principal, ALICE);
  }
  assertEquals(await revokeLogins(memory, ALICE.name, id), 0);
});

Deno.test("revokeLogins() ends all of one principal, and none of another", async () => {
  const { tokens, issue, memory, list, owner } = world();
  const alices = [await issue(), await issue(), await issue()];
  const robots = await issue(ROBOT);
  const [{ id } = { id: "" }] = await list(ROBOT);
  assertEquals(await revokeLogins(memory, ALICE.name, id), 0);
  assertEquals(await revokeLogins(memory, ALICE.name), 3);
  for (const token of alices) assertEquals(await tokens.redeem(token), undefined);
  assertEquals(await list(), []);
  assertEquals(await owner(robots), ROBOT);
});

Deno.test("revokeLogins() ends more logins than one query answers", async () => {
  const { issue, list, memory } = world();
  for (const credential of ["a", "b", "c"]) {
    for (let i = 0; i < 70; i++) await issue({ ...ALICE, credential });
  }
  assertEquals((await list()).length, 210);
  assertEquals(await revokeLogins(memory, ALICE.name), 210);
  assertEquals(await list(), []);
});

Deno.test("revokeLogins() ends a token that is used at the same time", async () => {
  const { tokens, issue, memory, common } = world();
  const token = await issue();
  let uses = 0;
  const table = hooked<Table>(memory, async (method) => {
    // Somebody writes between the read and the delete.
    if (method === "delete" && uses++ === 0) await tokens.redeem(token);
  });
  assertEquals(await revokeLogins(table, ALICE.name), 1);
  assertEquals(uses, 2);
  assertEquals(await tokens.redeem(token), undefined);

  // And the other way round: the use brings nothing back.
  const second = (await tokens.issue(ALICE, ""))!;
  const late = new RefreshTokens({
    ...common,
    table: hooked<Table>(memory, async (method) => {
      if (method === "put") await revokeLogins(memory, ALICE.name);
    }),
  });
  await late.redeem(second);
  assertEquals(await tokens.redeem(second), undefined);
});

Deno.test("RefreshTokens.issue() drops the token that was not used for the longest time where there are too many", async () => {
  const { tokens, issue, clock, list, owner } = world();
  const made: string[] = [];
  for (let i = 0; i < MAX_LOGINS; i++) {
    clock.now += 1000;
    made.push(await issue());
  }
  const robots = await issue(ROBOT);
  clock.now += 1000;
  await tokens.redeem(made[0]!);
  const last = await issue();
  assertEquals((await list()).length, MAX_LOGINS);
  assertEquals(await tokens.redeem(made[1]!), undefined);
  for (const token of [made[0]!, ...made.slice(2), last]) assertEquals(await owner(token), ALICE);
  assertEquals(await owner(robots), ROBOT);
});

Deno.test("RefreshTokens.issue() drops no login of another credential of the same user", async () => {
  const { tokens, issue, people, clock } = world();
  const passwords = await issue();
  const narrow: Principal = {
    ...ALICE,
    credential: "id.hash",
    bounds: [{ repositories: "a", actions: ["pull"] }],
  };
  const made: string[] = [];
  for (let i = 0; i < 3 * MAX_LOGINS; i++) {
    clock.now += 1000;
    made.push(await issue(narrow));
  }
  assertEquals((await tokens.redeem(passwords))?.principal, ALICE);
  people.set(ALICE.name, narrow);
  assertEquals(await tokens.redeem(made[0]!), undefined);
  assertEquals((await tokens.redeem(made.at(-1)!))?.principal, narrow);
});

Deno.test("RefreshTokens.issue() drops those that have expired before any other", async () => {
  const { issue, clock, list, memory, owner } = world();
  for (let i = 0; i < MAX_LOGINS - 1; i++) await issue();
  clock.now += LIFETIME - 1;
  const good = await issue();
  clock.now += 1;
  const last = await issue();
  assertEquals((await list()).length, 2);
  assertEquals((await memory.scan({ limit: 1000 })).items.length, 2);
  for (const token of [good, last]) assertEquals(await owner(token), ALICE);
});

Deno.test("RefreshTokens.issue() keeps few logins of credentials that have ended, and of those that have expired", async () => {
  const { issue, ended, clock, memory } = world();
  const stored = async () => (await memory.scan({ limit: 1000 })).items.length;
  for (let i = 0; i < 300; i++) {
    await issue({ ...ALICE, credential: `personal-${i}.hash` });
    ended.add(`personal-${i}.hash`);
  }
  assert(await stored() < 50, `${await stored()} logins of tokens that were revoked`);
  ended.clear();
  for (let i = 0; i < 300; i++) {
    await issue({ ...ALICE, credential: `short-${i}.hash` });
    clock.now += LIFETIME;
  }
  assert(await stored() < 50, `${await stored()} logins that have expired`);
});

Deno.test("RefreshTokens.issue() drops no login that is refused for now only", async () => {
  const { issue, list, people } = world();
  for (let i = 0; i < 30; i++) await issue({ ...ALICE, credential: `personal-${i}.hash` });
  people.clear();
  for (let i = 0; i < 30; i++) await issue();
  const logins = await list();
  assertEquals([logins.length, logins.filter(({ refused }) => refused).length], [60, 60]);
});

Deno.test("listLogins() tells which logins are refused", async () => {
  const { issue, list, people } = world();
  await issue();
  await issue({ ...ALICE, credential: "hash-of-an-earlier-password" }, "podman");
  const shown = (await list()).map(({ client, refused }) => [client, refused]);
  assertEquals(shown.toSorted(), [["docker", undefined], ["podman", true]]);
  people.delete(ALICE.name);
  assertEquals((await list()).map(({ refused }) => refused), [true, true]);
});

Deno.test("listLogins() tells of the tokens that are good, the one that was used last first", async () => {
  const { tokens, issue, clock, list } = world();
  const start = clock.now;
  const first = await issue(ALICE, "docker");
  clock.now += 1000;
  await issue(ALICE, "podman".repeat(100));
  clock.now += 1000;
  await tokens.redeem(first);
  const logins = await list();
  assertEquals(logins.map(({ id: _, ...login }) => login), [
    {
      principal: "user:alice",
      client: "docker",
      createdAt: start,
      expiresAt: start + LIFETIME,
      usedAt: start + 2000,
    },
    {
      principal: "user:alice",
      client: "podman".repeat(100).slice(0, 100),
      createdAt: start + 1000,
      expiresAt: start + 1000 + LIFETIME,
    },
  ]);
  assertNotEquals(logins[0]!.id, logins[1]!.id);
  assert(logins.every(({ id }) => /^[0-9a-f]{12}$/.test(id) && !first.includes(id)));
});

/** Redeems a token for another one. */
async function replace(tokens: RefreshTokens, token: string): Promise<string | undefined> {
  return (await tokens.redeem(token, { replace: true }))?.replacement;
}

Deno.test("RefreshTokens.redeem() replaces a token for a client that asks for another one, and for no other client", async () => {
  const { tokens, issue, owner, list, clock } = world();
  const first = await issue();
  for (let i = 0; i < 5; i++) {
    assertEquals(await tokens.redeem(first), { principal: ALICE });
    clock.now += 24 * HOUR;
  }
  const second = (await replace(tokens, first))!;
  assertMatch(second, /^skrr_[A-Za-z0-9_-]{79}$/);
  assertNotEquals(second, first);
  clock.now += HOUR;
  assertEquals(await owner(second), ALICE);
  const third = (await replace(tokens, second))!;
  assertEquals(await owner(third), ALICE);
  assertEquals((await list()).length, 1);
});

Deno.test("RefreshTokens.redeem() revokes the login of a token that comes after it was replaced", async () => {
  const reused: unknown[] = [];
  const { tokens, issue, clock, owner, list } = world({ reused: (login) => reused.push(login.principal) });
  const [stolen, other] = [await issue(), await issue()];
  const second = (await replace(tokens, stolen))!;
  clock.now += REPLACED_TOLERANCE_MS;
  assertEquals(await owner(second), ALICE);
  assertEquals(await tokens.redeem(stolen), undefined);
  assertEquals(reused, ["user:alice"]);
  assertEquals(await tokens.redeem(second), undefined);
  assertEquals(await owner(other), ALICE);
  assertEquals((await list()).length, 1);
});

Deno.test("RefreshTokens.redeem() revokes the login of a token that was replaced twice, at once", async () => {
  const { tokens, issue } = world();
  const first = await issue();
  const second = (await replace(tokens, first))!;
  const third = (await replace(tokens, second))!;
  assertEquals(await tokens.redeem(first), undefined);
  assertEquals(await tokens.redeem(third), undefined);
});

Deno.test("RefreshTokens.redeem() answers a client that never saw its answer with the same replacement", async () => {
  const { tokens, issue, clock, owner } = world();
  const first = await issue();
  const second = (await replace(tokens, first))!;
  clock.now += REPLACED_TOLERANCE_MS - 1;
  assertEquals(await replace(tokens, first), second);
  assertEquals(await owner(first), ALICE);
  assertEquals(await owner(second), ALICE);
});

Deno.test("RefreshTokens.redeem() gives concurrent requests with one token the same replacement, in all processes", async () => {
  const { tokens, issue, common, owner } = world();
  const first = await issue();
  const processes = Array.from({ length: 8 }, () => new RefreshTokens(common));
  const replacements = await Promise.all(processes.map((process) => replace(process, first)));
  assertEquals(new Set(replacements).size, 1);
  assertNotEquals(replacements[0], undefined);
  assertEquals(await owner(replacements[0]!), ALICE);
  assertEquals(await replace(tokens, first), replacements[0]);
});

Deno.test("RefreshTokens.redeem() ends a login when its first token would have ended, however often it is replaced", async () => {
  const { tokens, issue, clock, owner } = world();
  let token = await issue();
  for (let day = 1; day < 30; day++) {
    clock.now += 24 * HOUR;
    token = (await replace(tokens, token))!;
  }
  assertEquals(await owner(token), ALICE);
  clock.now += 24 * HOUR;
  assertEquals(await tokens.redeem(token), undefined);
});
