import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ACTIONS, parseRepositoryName, RegistryError } from "../../oci/mod.ts";
import { MemoryTable, type Table } from "../../storage/mod.ts";
import { hooked } from "../../tests/harness/stores.ts";
import { base64url, readPart, signText, TestKeys } from "../../tests/harness/test_keys.ts";
import { seeded } from "../../tests/random.ts";
import { ACCESS_TOKEN_TYPE, AccessTokens, bytesOf, MAX_CACHED_BYTES } from "./access_tokens.ts";
import { InvalidTokenError } from "../bearer.ts";
import { WORKLOAD_PASSWORD_TYPE } from "./workload_passwords.ts";
import { ANONYMOUS, type Principal } from "../principal.ts";
import { CATALOG, parseScopes } from "./scope.ts";
import { MAX_TOKEN_CHARACTERS } from "../token_limits.ts";
import { SignedTokens } from "./signed_tokens.ts";
import { TableKeys } from "../keys/mod.ts";

const HOUR = 3_600_000;
const ALICE: Principal = { kind: "user", name: "user:alice" };
const PULL_AND_PUSH = parseScopes(["repository:team/app:pull,push", "repository:public:pull"]);

/** Tokens, their keys and their clock. */
async function world() {
  const clock = { now: 1_700_000_000_000 };
  const keys = await TestKeys.of("one");
  const options = { keys, issuer: "https://registry.test", service: "registry.test", now: () => clock.now };
  const tokens = new AccessTokens(options);
  /** A token with these claims over the usual ones, as the key of the registry signs it. */
  const signed = async (claims: Record<string, unknown>) => {
    const { token } = await tokens.issue(ALICE, PULL_AND_PUSH, HOUR);
    const payload = { ...readPart(token, 1), ...claims };
    return await signText(JSON.stringify(readPart(token, 0)), JSON.stringify(payload), keys.secretOf("one"));
  };
  return { clock, keys, options, tokens, signed };
}

const isTaken = async (tokens: AccessTokens, token: string): Promise<boolean> => {
  try {
    await tokens.verify(token);
    return true;
  } catch (error) {
    assert(error instanceof InvalidTokenError, String(error));
    return false;
  }
};

Deno.test("AccessTokens.verify() grants exactly the rights of the token", async () => {
  const { tokens, clock } = await world();
  for (
    const [scope, actions] of [
      ["pull", ["pull"]],
      ["push", ["push", "overwrite"]],
      ["delete", ["delete"]],
      ["pull,push,delete", ["pull", "push", "overwrite", "delete"]],
      ["*", [...ACTIONS]],
    ] as const
  ) {
    const access = parseScopes([`repository:team/app:${scope}`]);
    const { token } = await tokens.issue(ALICE, access, HOUR);
    const verified = await tokens.verify(token);
    const name = parseRepositoryName("team/app");
    assertEquals(ACTIONS.filter((action) => verified.grants(action, name)), [...actions], scope);
    assertEquals([verified.catalog, verified.expiresAt], [false, clock.now + HOUR]);
    for (const other of ["team", "team/app/more", "team/ap", "app", "a/team/app"]) {
      assert(!ACTIONS.some((action) => verified.grants(action, parseRepositoryName(other))), other);
    }
  }
});

Deno.test("AccessTokens.verify() grants nothing, or only the catalog, as the token says", async () => {
  const { tokens } = await world();
  const name = parseRepositoryName("catalog");
  for (const [access, catalog] of [[[], false], [[CATALOG], true]] as const) {
    const verified = await tokens.verify((await tokens.issue(ANONYMOUS, access, HOUR)).token);
    assertEquals(verified.catalog, catalog);
    assertEquals(verified.principal, ANONYMOUS);
    assert(!ACTIONS.some((action) => verified.grants(action, name)));
  }
});

Deno.test("AccessTokens.verify() returns the principal without the properties of its password", async () => {
  const { tokens } = await world();
  const principals: Principal[] = [
    ALICE,
    { kind: "robot", name: "robot:ci", bounds: [{ repositories: "team/**", actions: ["pull", "push"] }] },
    {
      kind: "workload",
      name: "workload:github:repo:acme/app",
      issuer: "github",
      claims: { ref: "refs/heads/main", "__proto__x": "y" },
    },
    { kind: "certificate", name: "certificate:CN=build" },
  ];
  for (const principal of principals) {
    const { token } = await tokens.issue({ ...principal, credential: "a hash", expiresAt: 9e12 }, [], HOUR);
    assertEquals((await tokens.verify(token)).principal, principal);
    assert(!JSON.stringify(readPart(token, 1)).includes("a hash"));
  }
});

Deno.test("AccessTokens.issue() rejects a token that is too long for a header", async () => {
  const { tokens } = await world();
  const names = Array.from({ length: 50 }, (_, i) => `${"a".repeat(240)}/a${i}`);
  const small = parseScopes(names.slice(0, 30).map((name) => `repository:${name}:pull`));
  const { token } = await tokens.issue(ALICE, small, HOUR);
  assert(await isTaken(tokens, token));
  const large = parseScopes(names.map((name) => `repository:${name}:pull`));
  const error = await assertRejects(() => tokens.issue(ALICE, large, HOUR), RegistryError, "too long");
  assertEquals(error.status, 400);
});

Deno.test("AccessTokens.verify() rejects a workload password, and an access token is not a workload password", async () => {
  const { tokens, options } = await world();
  const login = new SignedTokens({ ...options, type: WORKLOAD_PASSWORD_TYPE });
  const access = { kind: "user", access: PULL_AND_PUSH };
  assertEquals(await isTaken(tokens, (await login.sign("user:alice", access, HOUR)).token), false);
  const { token } = await tokens.issue(ALICE, PULL_AND_PUSH, HOUR);
  await assertRejects(() => login.verify(token), InvalidTokenError);
  const same = new SignedTokens({ ...options, type: ACCESS_TOKEN_TYPE });
  assertEquals(await isTaken(tokens, (await same.sign("user:alice", access, HOUR)).token), true);
});

Deno.test("AccessTokens.verify() refuses tokens of another registry with the same keys", async () => {
  const { tokens, options } = await world();
  for (const other of [{ issuer: "https://other.test" }, { service: "other.test" }]) {
    const { token } = await new AccessTokens({ ...options, ...other }).issue(ALICE, [], HOUR);
    assertEquals(await isTaken(tokens, token), false);
  }
});

Deno.test("AccessTokens.verify() refuses claims that it would not write, though its key has signed them", async () => {
  const { tokens, signed } = await world();
  const access = (entry: unknown) => ({ access: [entry] });
  assertEquals(await isTaken(tokens, await signed({})), true);
  for (
    const claims of [
      { sub: "" },
      { kind: "root" },
      { kind: undefined },
      { issuer: 7 },
      { claims: { ref: 7 } },
      { claims: ["ref"] },
      { bounds: null },
      { bounds: [{ repositories: "**", actions: ["everything"] }] },
      { bounds: [{ repositories: "**", actions: ["pull"], more: 1 }] },
      { bounds: [{ actions: ["pull"] }] },
      { access: undefined },
      { access: null },
      { access: {} },
      { access: Array.from({ length: 51 }, () => CATALOG) },
      access({ type: "repository", name: "a", actions: ["overwrite"] }),
      access({ type: "repository", name: "a", actions: "pull" }),
      access({ type: "repository", name: "A", actions: ["pull"] }),
      access({ type: "repository", name: "*", actions: ["pull"] }),
      access({ type: "repository", name: ["a"], actions: ["pull"] }),
      access({ type: "repository", actions: ["pull"] }),
      access({ type: "repository", name: "a", actions: ["pull"], class: "plugin" }),
      access({ type: "registry", name: "catalog", actions: [] }),
      access({ type: "registry", name: "catalog", actions: ["*", "*"] }),
      access({ type: "registry", name: "other", actions: ["*"] }),
      access({ type: "other", name: "a", actions: ["pull"] }),
      access(null),
    ]
  ) {
    assertEquals(await isTaken(tokens, await signed(claims)), false, JSON.stringify(claims));
  }
});

Deno.test("AccessTokens.verify() caches a valid token, and no invalid one", async () => {
  const { tokens, keys } = await world();
  const { token } = await tokens.issue(ALICE, PULL_AND_PUSH, HOUR);
  const first = await tokens.verify(token);
  keys.looks = 0;
  assertStrictEquals(await tokens.verify(token), first);
  assertEquals(keys.looks, 0);
  const forged = `${token.slice(0, -5)}AAAAA`;
  for (let i = 0; i < 3; i++) {
    assertEquals(await isTaken(tokens, forged), false);
    assertEquals(await isTaken(tokens, token), true);
  }
});

Deno.test("AccessTokens.verify() reads no table, be the tokens new, known or forged", async () => {
  const { options } = await world();
  const calls: string[] = [];
  const table = hooked<Table>(new MemoryTable(), (method) => void calls.push(method));
  const keys = new TableKeys({ table, lifetime: HOUR, now: options.now });
  const tokens = new AccessTokens({ ...options, keys });
  await tokens.issue(ALICE, [], HOUR);
  calls.length = 0;
  for (let i = 0; i < 50; i++) {
    const { token } = await tokens.issue(ALICE, PULL_AND_PUSH, HOUR);
    assert(await isTaken(tokens, token) && await isTaken(tokens, token));
    assert(!await isTaken(tokens, `${token.slice(0, -5)}AAAAA`));
  }
  assertEquals(calls, []);
});

Deno.test("AccessTokens.verify() forgets a token when it expires", async () => {
  const { tokens, clock } = await world();
  const { token, expiresAt } = await tokens.issue(ALICE, PULL_AND_PUSH, HOUR);
  clock.now = expiresAt - 1;
  assertEquals(await isTaken(tokens, token), true);
  clock.now = expiresAt;
  assertEquals(await isTaken(tokens, token), false);
});

Deno.test("AccessTokens.verify() drops only the cached tokens of a removed key", async () => {
  const { tokens, keys } = await world();
  const { token: old } = await tokens.issue(ALICE, PULL_AND_PUSH, HOUR);
  await keys.add("two");
  const { token: fresh } = await tokens.issue(ALICE, PULL_AND_PUSH, HOUR);
  assertEquals([await isTaken(tokens, old), await isTaken(tokens, fresh)], [true, true]);
  keys.remove("one");
  assertEquals([await isTaken(tokens, old), await isTaken(tokens, fresh)], [false, true]);
  await keys.add("one");
  assertEquals([await isTaken(tokens, old), await isTaken(tokens, fresh)], [false, true]);
});

Deno.test("AccessTokens.verify() rejects a token that is too long before it parses it", async () => {
  const { tokens, keys } = await world();
  const { token } = await tokens.issue(ALICE, [], HOUR);
  keys.looks = 0;
  assertEquals(await isTaken(tokens, token.padEnd(MAX_TOKEN_CHARACTERS + 1, "A")), false);
  assertEquals(await isTaken(tokens, ""), false);
  assertEquals(keys.looks, 0);
});

Deno.test("AccessTokens.verify() rejects 10,000 damaged and forged tokens", async () => {
  const { tokens, keys } = await world();
  const stranger = await TestKeys.of("one");
  const [first, second] = [
    (await tokens.issue(ALICE, PULL_AND_PUSH, HOUR)).token,
    (await tokens.issue({ kind: "robot", name: "robot:ci" }, [CATALOG], HOUR)).token,
  ];
  const real = new Set([first, second]);
  for (const token of real) await tokens.verify(token);
  const random = seeded(20_231_114);
  for (let i = 0; i < 10_000; i++) {
    const isFirst = random(2) === 0;
    const [original, other] = isFirst ? [first, second] : [second, first];
    const mutant = await mutate(original, other, random, [keys, stranger]);
    assertEquals(await isTaken(tokens, mutant), real.has(mutant), `mutation ${i}: ${mutant}`);
  }
  assert(await isTaken(tokens, first) && await isTaken(tokens, second));
});

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ \n\u00e4\u0000";

const HEADERS: Record<string, unknown>[] = [
  { alg: "none" },
  { alg: "HS256" },
  { kid: "two" },
  { kid: "" },
  { typ: WORKLOAD_PASSWORD_TYPE },
  { typ: "JWT" },
  { jku: "https://evil.test/jwks.json" },
  { crit: ["exp"] },
];

const CLAIMS: Record<string, unknown>[] = [
  { sub: "user:root" },
  { exp: 9_999_999_999 },
  { kind: "robot" },
  { aud: ["registry.test"] },
  { access: parseScopes(["repository:secret:*"]) },
  { bounds: undefined },
  { jti: "another" },
];

/** A token that differs from the original as an attacker may try. */
async function mutate(
  original: string,
  other: string,
  random: (n: number) => number,
  [keys, stranger]: [TestKeys, TestKeys],
): Promise<string> {
  const at = random(original.length);
  const character = ALPHABET[random(ALPHABET.length)]!;
  const [parts, others] = [original.split("."), other.split(".")] as [string[], string[]];
  switch (random(9)) {
    case 0:
      return original.slice(0, at) + character + original.slice(at + 1);
    case 1:
      return original.slice(0, at) + original.slice(at + 1);
    case 2:
      return original.slice(0, at) + character + original.slice(at);
    case 3:
      return original.slice(0, at);
    case 4: {
      const part = random(3);
      return parts.map((text, index) => index === part ? others[index] : text).join(".");
    }
    case 5: {
      const [a, b] = [random(3), random(3)];
      [parts[a], parts[b]] = [parts[b]!, parts[a]!];
      return parts.join(".");
    }
    case 6: {
      const bytes = Uint8Array.fromBase64(parts[at % 3]!, { alphabet: "base64url" });
      bytes[random(bytes.length)]! ^= 1 << random(8);
      parts[at % 3] = base64url(bytes);
      return parts.join(".");
    }
    case 7: {
      const changed = { ...readPart(original, 1), ...CLAIMS[random(CLAIMS.length)] };
      const text = JSON.stringify(changed);
      if (random(2) === 0) return [parts[0], base64url(text), parts[2]].join(".");
      return await signText(JSON.stringify(readPart(original, 0)), text, stranger.secretOf("one"));
    }
    default: {
      const header = JSON.stringify({ ...readPart(original, 0), ...HEADERS[random(HEADERS.length)] });
      if (random(2) === 0) return [base64url(header), ...parts.slice(1)].join(".");
      // Even the key of the registry makes no token of another header.
      return await signText(header, JSON.stringify(readPart(original, 1)), keys.secretOf("one"));
    }
  }
}

Deno.test("AccessTokens.verify() remembers many small tokens or few large ones, by their bytes", async () => {
  const { tokens } = await world();
  const largest = (i: number) =>
    parseScopes(Array.from({ length: 40 }, (_, n) => `repository:${"r".repeat(220)}/${i}-${n}:pull`));
  const issued: string[] = [];
  for (let i = 0; i < 400; i++) {
    const { token } = await tokens.issue(ANONYMOUS, i < 100 ? PULL_AND_PUSH : largest(i), HOUR);
    issued.push(token);
    await tokens.verify(token);
  }
  const answers = issued.map((token) => tokens.verify(token));
  const remembered = issued.filter((_, i) => !(answers[i] instanceof Promise));
  await Promise.all(answers);
  const bytes = remembered.reduce((sum, token) => sum + bytesOf(token), 0);
  assert(bytes <= MAX_CACHED_BYTES, `${bytes} bytes are remembered`);
  assert(bytes > MAX_CACHED_BYTES / 2, `Only ${bytes} bytes are remembered`);
});
