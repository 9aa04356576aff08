import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { MemoryTable, StorageFullError, type Table, UnavailableError } from "../storage/mod.ts";
import { hooked } from "../tests/harness/stores.ts";
import type { Principal } from "./principal.ts";
import {
  listLogins,
  MAX_LOGINS,
  REFRESH_TOKEN_PREFIX,
  RefreshTokens,
  type RefreshTokensOptions,
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
  const common: RefreshTokensOptions = {
    table,
    service: "registry.test",
    lifetime: LIFETIME,
    stillThere(principal) {
      asked.push(principal);
      return Promise.resolve(people.get(principal.name));
    },
    now: () => clock.now,
    ...options,
  };
  const tokens = new RefreshTokens(common);
  const issue = async (principal = ALICE, client = "docker") => (await tokens.issue(principal, client))!;
  const list = (principal = ALICE) => listLogins(memory, principal.name, clock.now);
  return { clock, calls, hooks, memory, people, asked, common, tokens, issue, list };
}

Deno.test("RefreshTokens.redeem() knows whose the token is, again and again", async () => {
  const { tokens, issue } = world();
  const token = await issue();
  for (let i = 0; i < 3; i++) assertEquals(await tokens.redeem(token), ALICE);
  assertEquals(await tokens.redeem(await issue(ROBOT)), ROBOT);
});

Deno.test("RefreshTokens.issue() makes tokens that nobody can guess, and that a scanner knows", async () => {
  const { issue } = world();
  const tokens = new Set<string>();
  for (let i = 0; i < 20; i++) tokens.add(await issue());
  assertEquals(tokens.size, 20);
  for (const token of tokens) assertMatch(token, /^skrr_[A-Za-z0-9_-]{55}$/);
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
  assertEquals(items[0]!.sk, createHash("sha256").update(token).digest("hex"));
  const stored = JSON.stringify(items);
  const secret = token.slice(-43);
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
  const { tokens, issue } = world();
  const [alice, robot] = [await issue(), await issue(ROBOT)];
  for (let i = 5; i < alice.length; i++) {
    const other = alice[i] === "A" ? "B" : "A";
    assertEquals(await tokens.redeem(alice.slice(0, i) + other + alice.slice(i + 1)), undefined, `${i}`);
  }
  assertEquals(await tokens.redeem(robot.slice(0, 17) + alice.slice(17)), undefined);
  assertEquals(await tokens.redeem(alice), ALICE);
});

Deno.test("RefreshTokens.redeem() refuses a token of another service", async () => {
  const { common, issue, tokens } = world();
  const token = await issue();
  assertEquals(await new RefreshTokens({ ...common, service: "other.test" }).redeem(token), undefined);
  assertEquals(await tokens.redeem(token), ALICE);
});

Deno.test("RefreshTokens.redeem() refuses a token that has expired, however often it was used", async () => {
  const { tokens, issue, clock, list } = world();
  const token = await issue();
  clock.now += LIFETIME - 1;
  assertEquals(await tokens.redeem(token), ALICE);
  assertEquals((await list()).length, 1);
  clock.now += 1;
  assertEquals(await tokens.redeem(token), undefined);
  assertEquals(await list(), []);
});

Deno.test("RefreshTokens.redeem() refuses a token when the password is another one, until it is the same again", async () => {
  const { tokens, issue, people } = world();
  const token = await issue();
  people.set(ALICE.name, { ...ALICE, credential: "another hash" });
  assertEquals(await tokens.redeem(token), undefined);
  const { credential: _, ...without } = ALICE;
  people.set(ALICE.name, without);
  assertEquals(await tokens.redeem(token), undefined);
  people.set(ALICE.name, ALICE);
  assertEquals(await tokens.redeem(token), ALICE);
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
  const { tokens, issue, people } = world();
  const token = await issue(ROBOT);
  const { bounds: _, ...unbounded } = ROBOT;
  people.set(ROBOT.name, unbounded);
  assertEquals(await tokens.redeem(token), ROBOT);
  const narrower = { ...ROBOT, bounds: [{ repositories: "team/app", actions: ["pull"] as const }] };
  people.set(ROBOT.name, narrower);
  assertEquals(await tokens.redeem(token), narrower);
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
    const { tokens, issue, hooks } = world();
    const token = await issue();
    hooks.before = (method) => {
      if (method === "put") throw error;
    };
    assertEquals(await tokens.redeem(token), ALICE);
  }
});

Deno.test("revokeLogins() ends a token at once, in every process", async () => {
  const { tokens, issue, common, memory, list } = world();
  const [token, other] = [await issue(), await issue()];
  await tokens.redeem(token);
  const id = createHash("sha256").update(token).digest("hex").slice(0, 12);
  assertEquals((await list()).map((login) => login.id).includes(id), true);
  assertEquals(await revokeLogins(memory, ALICE.name, id), 1);
  for (const process of [tokens, new RefreshTokens(common)]) {
    assertEquals(await process.redeem(token), undefined);
    assertEquals(await process.redeem(other), ALICE);
  }
  assertEquals(await revokeLogins(memory, ALICE.name, id), 0);
});

Deno.test("revokeLogins() ends all of one principal, and none of another", async () => {
  const { tokens, issue, memory, list } = world();
  const alices = [await issue(), await issue(), await issue()];
  const robots = await issue(ROBOT);
  const [{ id } = { id: "" }] = await list(ROBOT);
  assertEquals(await revokeLogins(memory, ALICE.name, id), 0);
  assertEquals(await revokeLogins(memory, ALICE.name), 3);
  for (const token of alices) assertEquals(await tokens.redeem(token), undefined);
  assertEquals(await list(), []);
  assertEquals(await tokens.redeem(robots), ROBOT);
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
  const { tokens, issue, clock, list } = world();
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
  for (const token of [made[0]!, ...made.slice(2), last]) assertEquals(await tokens.redeem(token), ALICE);
  assertEquals(await tokens.redeem(robots), ROBOT);
});

Deno.test("RefreshTokens.issue() drops those that have expired before any other", async () => {
  const { tokens, issue, clock, list, memory } = world();
  for (let i = 0; i < MAX_LOGINS - 1; i++) await issue();
  clock.now += LIFETIME - 1;
  const good = await issue();
  clock.now += 1;
  const last = await issue();
  assertEquals((await list()).length, 2);
  assertEquals((await memory.scan({ limit: 1000 })).items.length, 2);
  for (const token of [good, last]) assertEquals(await tokens.redeem(token), ALICE);
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
