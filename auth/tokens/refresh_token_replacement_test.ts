import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { RefreshTokens, REPLACED_TOLERANCE_MS } from "./refresh_tokens.ts";
import { ALICE, HOUR, world } from "./testing/refresh_tokens.ts";

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

Deno.test("RefreshTokens.redeem() revokes a token that is used after it was replaced", async () => {
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

Deno.test("RefreshTokens.redeem() rejects all replacements when the first token would have expired", async () => {
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
