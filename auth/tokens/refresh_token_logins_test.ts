import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Table } from "../../storage/mod.ts";
import { hooked } from "../../tests/harness/stores.ts";
import type { Principal } from "../principal.ts";
import { MAX_TOKENS_PER_CREDENTIAL, RefreshTokens, revokeRefreshTokens } from "./refresh_tokens.ts";
import { ALICE, LIFETIME_MS, ROBOT, world } from "./testing/refresh_tokens.ts";

Deno.test("revokeRefreshTokens() revokes a token at once, in every process", async () => {
  const { tokens, issue, common, memory, list } = world();
  const [token, other] = [await issue(), await issue()];
  await tokens.redeem(token);
  const id = (await list()).find(({ usedAt }) => usedAt !== undefined)!.id;
  assertEquals(await revokeRefreshTokens(memory, ALICE.name, id), 1);
  for (const process of [tokens, new RefreshTokens(common)]) {
    assertEquals(await process.redeem(token), undefined);
    assertEquals((await process.redeem(other))?.principal, ALICE);
  }
  assertEquals(await revokeRefreshTokens(memory, ALICE.name, id), 0);
});

Deno.test("revokeRefreshTokens() revokes all tokens of one principal, and none of another", async () => {
  const { tokens, issue, memory, list, owner } = world();
  const alices = [await issue(), await issue(), await issue()];
  const robots = await issue(ROBOT);
  const [{ id } = { id: "" }] = await list(ROBOT);
  assertEquals(await revokeRefreshTokens(memory, ALICE.name, id), 0);
  assertEquals(await revokeRefreshTokens(memory, ALICE.name), 3);
  for (const token of alices) assertEquals(await tokens.redeem(token), undefined);
  assertEquals(await list(), []);
  assertEquals(await owner(robots), ROBOT);
});

Deno.test("revokeRefreshTokens() revokes more tokens than one page of the table", async () => {
  const { issue, list, memory } = world();
  for (const credential of ["a", "b", "c"]) {
    for (let i = 0; i < 70; i++) await issue({ ...ALICE, credential });
  }
  assertEquals((await list()).length, 210);
  assertEquals(await revokeRefreshTokens(memory, ALICE.name), 210);
  assertEquals(await list(), []);
});

Deno.test("revokeRefreshTokens() revokes a token that is used at the same time", async () => {
  const { tokens, issue, memory, common } = world();
  const token = await issue();
  let uses = 0;
  const table = hooked<Table>(memory, async (method) => {
    // Another process writes between the read and the delete.
    if (method === "delete" && uses++ === 0) await tokens.redeem(token);
  });
  assertEquals(await revokeRefreshTokens(table, ALICE.name), 1);
  assertEquals(uses, 2);
  assertEquals(await tokens.redeem(token), undefined);

  // And the other way round: the use brings nothing back.
  const second = (await tokens.issue(ALICE, ""))!;
  const late = new RefreshTokens({
    ...common,
    table: hooked<Table>(memory, async (method) => {
      if (method === "put") await revokeRefreshTokens(memory, ALICE.name);
    }),
  });
  await late.redeem(second);
  assertEquals(await tokens.redeem(second), undefined);
});

Deno.test("RefreshTokens.issue() drops the token that was not used for the longest time where there are too many", async () => {
  const { tokens, issue, clock, list, owner } = world();
  const made: string[] = [];
  for (let i = 0; i < MAX_TOKENS_PER_CREDENTIAL; i++) {
    clock.now += 1000;
    made.push(await issue());
  }
  const robots = await issue(ROBOT);
  clock.now += 1000;
  await tokens.redeem(made[0]!);
  const last = await issue();
  assertEquals((await list()).length, MAX_TOKENS_PER_CREDENTIAL);
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
  for (let i = 0; i < 3 * MAX_TOKENS_PER_CREDENTIAL; i++) {
    clock.now += 1000;
    made.push(await issue(narrow));
  }
  assertEquals((await tokens.redeem(passwords))?.principal, ALICE);
  people.set(ALICE.name, narrow);
  assertEquals(await tokens.redeem(made[0]!), undefined);
  assertEquals((await tokens.redeem(made.at(-1)!))?.principal, narrow);
});

Deno.test("RefreshTokens.issue() deletes expired tokens before any other", async () => {
  const { issue, clock, list, memory, owner } = world();
  for (let i = 0; i < MAX_TOKENS_PER_CREDENTIAL - 1; i++) await issue();
  clock.now += LIFETIME_MS - 1;
  const good = await issue();
  clock.now += 1;
  const last = await issue();
  assertEquals((await list()).length, 2);
  assertEquals((await memory.scan({ limit: 1000 })).items.length, 2);
  for (const token of [good, last]) assertEquals(await owner(token), ALICE);
});

Deno.test("RefreshTokens.issue() keeps few tokens of ended credentials, and few expired ones", async () => {
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
    clock.now += LIFETIME_MS;
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

Deno.test("listRefreshTokens() marks refused tokens", async () => {
  const { issue, list, people } = world();
  await issue();
  await issue({ ...ALICE, credential: "hash-of-an-earlier-password" }, "podman");
  const shown = (await list()).map(({ client, refused }) => [client, refused]);
  assertEquals(shown.toSorted(), [["docker", undefined], ["podman", true]]);
  people.delete(ALICE.name);
  assertEquals((await list()).map(({ refused }) => refused), [true, true]);
});

Deno.test("listRefreshTokens() lists valid tokens, the last used one first", async () => {
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
      expiresAt: start + LIFETIME_MS,
      usedAt: start + 2000,
    },
    {
      principal: "user:alice",
      client: "podman".repeat(100).slice(0, 100),
      createdAt: start + 1000,
      expiresAt: start + 1000 + LIFETIME_MS,
    },
  ]);
  assertNotEquals(logins[0]!.id, logins[1]!.id);
  assert(logins.every(({ id }) => /^[0-9a-f]{12}$/.test(id) && !first.includes(id)));
});
