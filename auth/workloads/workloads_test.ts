import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { OidcIssuer, type TokenTricks } from "../../tests/harness/oidc_issuer.ts";
import type { IssuerConfig } from "../auth_config.ts";
import type { PasswordSource } from "../passwords/mod.ts";
import { createWorkloads } from "./workloads.ts";

const HOUR = 60 * 60_000;

function configOf(issuer: string, fields: Partial<IssuerConfig> = {}): IssuerConfig {
  const base = { name: "github", audiences: ["registry.test"], subject: "sub", tokenLifetime: HOUR };
  return { ...base, issuer, ...fields };
}

/** An issuer that is configured, and a clock that all share. */
async function setUp(fields: Partial<IssuerConfig> = {}, options: { path?: string; alg?: string } = {}) {
  const clock = { offset: 0 };
  const now = () => Date.now() + clock.offset;
  const issuer = await OidcIssuer.start({ ...options, now });
  const workloads = createWorkloads([configOf(issuer.url, fields)], { now, timeout: 1000 });
  return { clock, issuer, workloads, now };
}

/** True if a token with these claims and tricks is taken. */
async function isTaken(
  { workloads, issuer }: { workloads: PasswordSource; issuer: OidcIssuer },
  claims: Record<string, unknown>,
  tricks: TokenTricks = {},
): Promise<boolean> {
  return await workloads.verify("anybody", await issuer.mint(claims, tricks)) !== undefined;
}

Deno.test("verify() returns the workload and its claims for a valid token", async () => {
  const { issuer, workloads, now } = await setUp();
  await using _ = issuer;
  const before = now();
  const principal = await workloads.verify("anybody", await issuer.mint({ repository_id: 1296269 }));
  const { expiresAt = 0, ...rest } = principal!;
  assertEquals(rest, {
    kind: "workload",
    name: "workload:github:repo:acme/app:ref:refs/heads/main",
    issuer: "github",
    claims: {
      aud: "registry.test",
      sub: "repo:acme/app:ref:refs/heads/main",
      repository: "acme/app",
      repository_id: "1296269",
      ref: "refs/heads/main",
      event_name: "push",
    },
  });
  assertEquals(expiresAt >= before + HOUR && expiresAt <= now() + HOUR, true);
});

Deno.test("verify() takes tokens of every kind of key that issuers have", async () => {
  for (const alg of ["RS256", "PS256", "ES256", "ES384", "EdDSA"]) {
    const world = await setUp({}, { alg });
    await using _ = world.issuer;
    assertEquals(await isTaken(world, {}), true, alg);
  }
});

Deno.test("verify() takes one audience of several, and no other", async () => {
  const world = await setUp({ audiences: ["registry.test", "https://registry.test"] });
  await using _ = world.issuer;
  assertEquals(await isTaken(world, { aud: ["else.test", "https://registry.test"] }), true);
  for (
    const aud of ["else.test", ["else.test"], [], "", undefined, "registry.test.else", { 0: "registry.test" }]
  ) {
    assertEquals(await isTaken(world, { aud }), false, JSON.stringify(aud));
  }
});

Deno.test("verify() rejects expired, premature and unlimited ID tokens, with a leeway of 30 seconds", async () => {
  const world = await setUp();
  await using _ = world.issuer;
  const now = Math.floor(Date.now() / 1000);
  for (
    const [taken, claims] of [
      [true, { exp: now - 20 }],
      [false, { exp: now - 40 }],
      [false, { exp: undefined }],
      [false, { exp: String(now + 300) }],
      [true, { nbf: now + 20 }],
      [false, { nbf: now + 60 }],
      [true, { iat: now + 20 }],
      [false, { iat: now + 60 }],
      [false, { iat: undefined }],
      [true, { iat: now - 23 * 3600 }],
      [false, { iat: now - 25 * 3600 }],
    ] as const
  ) {
    assertEquals(await isTaken(world, claims), taken, JSON.stringify(claims));
  }
});

Deno.test("verify() refuses a token that no key of the issuer has signed", async () => {
  const world = await setUp();
  await using _ = world.issuer;
  const { issuer, workloads } = world;
  for (const signer of ["stranger", "embedded", "publicKey", "unsigned"] as const) {
    assertEquals(await isTaken(world, {}, { signer }), false, signer);
  }
  const [header, payload] = (await issuer.mint()).split(".");
  for (const forged of [`${header}.${payload}.`, `${header}.${payload}`, `${header}.${payload}.AAAA`]) {
    assertEquals(await workloads.verify("", forged), undefined);
  }
});

Deno.test("verify() ignores URLs in the header of a token", async () => {
  const world = await setUp();
  await using _ = world.issuer;
  await using other = await OidcIssuer.start();
  const header = { jku: other.jwksUri, x5u: other.jwksUri };
  assertEquals(await isTaken(world, {}, { signer: "stranger", header }), false);
  assertEquals(other.requestCount, 0);
});

Deno.test("verify() asks no issuer that a token names and the configuration does not", async () => {
  const { issuer, workloads } = await setUp();
  await using _ = issuer;
  await using other = await OidcIssuer.start();
  assertEquals(await workloads.verify("", await other.mint()), undefined);
  assertEquals(await workloads.verify("", await other.mint({ iss: issuer.url })), undefined);
  for (const iss of [`${issuer.url}/`, issuer.url.toUpperCase(), `${issuer.url}?`, [issuer.url], undefined]) {
    assertEquals(await workloads.verify("", await issuer.mint({ iss })), undefined, String(iss));
  }
  assertEquals(other.requestCount, 0);
});

Deno.test("verify() refuses tokens of one issuer that another has signed", async () => {
  await using first = await OidcIssuer.start();
  await using second = await OidcIssuer.start();
  const workloads = createWorkloads([configOf(first.url), configOf(second.url, { name: "gitlab" })]);
  assertEquals((await workloads.verify("", await second.mint()))?.issuer, "gitlab");
  assertEquals(await workloads.verify("", await second.mint({ iss: first.url })), undefined);
});

Deno.test("verify() takes the issuer's URL as it is when a slash ends it", async () => {
  for (const path of ["/", "/tenant/", "/tenant"]) {
    const world = await setUp({}, { path });
    await using _ = world.issuer;
    assertEquals(await isTaken(world, {}), true, path);
    assertEquals(world.issuer.requests, { discovery: 1, jwks: 1, other: 0 });
  }
});

Deno.test("verify() returns nothing for a malformed token, and sends no request", async () => {
  const { issuer, workloads } = await setUp();
  await using _ = issuer;
  const long = await issuer.mint({ text: "x".repeat(16 * 1024) });
  for (const text of ["", "a.b.c", "hunter2", "...", "a.b.c.d", "e30.e30.e30", "e30.bnVsbA.e30", long]) {
    assertEquals(await workloads.verify("github", text), undefined);
  }
  assertEquals(issuer.requestCount, 0);
});

Deno.test("verify() names a workload by the claim that is configured", async () => {
  const world = await setUp({ subject: "project_id" });
  await using _ = world.issuer;
  const nameOf = async (project_id: unknown) =>
    (await world.workloads.verify("", await world.issuer.mint({ project_id })))?.name;
  assertEquals(await nameOf(7), "workload:github:7");
  assertEquals(await nameOf("seven"), "workload:github:seven");
  for (
    const value of ["", undefined, null, ["7"], 1.5, 2 ** 53, "a\nb", "a\u202eb", "\ud800", "x".repeat(513)]
  ) {
    assertEquals(await nameOf(value), undefined, JSON.stringify(value));
  }
});

Deno.test("verify() rejects with 503 if no key is available, and returns nothing for an invalid token", async () => {
  const { issuer, workloads } = await setUp();
  await using _ = issuer;
  issuer.quirk = "down";
  const token = await issuer.mint();
  const error = await assertRejects(() => workloads.verify("", token), RegistryError);
  assertEquals([error.status, error.headers["Retry-After"]], [503, "5"]);
  assertEquals(error.message.includes(issuer.url), false);
});

Deno.test("createWorkloads() rejects an issuer whose documents others could change", () => {
  for (
    const issuer of ["http://issuer.test", "ftp://issuer.test", "issuer.test", "https://a:b@issuer.test"]
  ) {
    assertThrows(() => createWorkloads([configOf(issuer)]), TypeError);
  }
  assertThrows(
    () => createWorkloads([configOf("https://issuer.test", { jwksUri: "http://issuer.test" })]),
    TypeError,
  );
});
