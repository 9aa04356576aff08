import { assert, assertEquals, assertRejects } from "@std/assert";
import { UnsecuredJWT } from "jose";
import { RegistryError } from "../../oci/mod.ts";
import { base64url, readPart, signText, TestKeys } from "../../tests/harness/test_keys.ts";
import { ACCESS_TOKEN_TYPE, AccessTokens } from "./access_tokens.ts";
import type { IssuerConfig } from "../auth_config.ts";
import { InvalidTokenError } from "../bearer.ts";
import {
  createWorkloadPasswords,
  looksLikeWorkloadPassword,
  WORKLOAD_PASSWORD_TYPE,
} from "./workload_passwords.ts";
import type { PasswordSource } from "../passwords/mod.ts";
import type { Principal } from "../principal.ts";
import { MAX_TOKEN_CHARACTERS } from "../token_limits.ts";
import { SignedTokens } from "./signed_tokens.ts";

const HOUR = 3_600_000;
const NAME = "workload:github:repo:acme/app:ref:refs/heads/main";
const CLAIMS = { repository: "acme/app", ref: "refs/heads/main" };

const GITHUB: IssuerConfig = {
  name: "github",
  issuer: "https://issuer.test",
  audiences: ["registry.test"],
  subject: "sub",
  tokenLifetime: 2 * HOUR,
};

/** Workload passwords for the workload of the ID token `good`, and a clock. */
async function world(issuers: IssuerConfig[] = [GITHUB]) {
  const clock = { now: 1_700_000_000_000 };
  const now = () => clock.now;
  const keys = await TestKeys.of("one");
  const options = { keys, issuer: "https://registry.test", service: "registry.test", now };
  const tokens = new SignedTokens({ ...options, type: WORKLOAD_PASSWORD_TYPE });
  const shown: [string, string][] = [];
  const workloads: PasswordSource = {
    verify(username, password) {
      shown.push([username, password]);
      if (password === "unknown keys") throw new RegistryError("TOOMANYREQUESTS", "", { status: 503 });
      if (password === "endless") return Promise.resolve({ kind: "workload", name: NAME });
      if (password !== "good") return Promise.resolve(undefined);
      return Promise.resolve(workload(clock.now + 2 * HOUR));
    },
  };
  const open = (issuers: IssuerConfig[]) => createWorkloadPasswords({ tokens, issuers, workloads, now });
  return { clock, keys, options, tokens, shown, open, passwords: open(issuers) };
}

const workload = (expiresAt: number): Principal => ({
  kind: "workload",
  name: NAME,
  issuer: "github",
  claims: CLAIMS,
  expiresAt,
});

Deno.test("WorkloadPasswords.exchange() returns a password for an ID token, valid with every user name", async () => {
  const { passwords, clock, shown } = await world();
  const { token, expiresIn } = await passwords.exchange("good");
  assertEquals([expiresIn, shown], [7200, [["", "good"]]]);
  assertEquals(looksLikeWorkloadPassword(token), true);
  for (const username of ["", "anybody", "user:root"]) {
    assertEquals(await passwords.verify(username, token), workload(clock.now + 2 * HOUR));
  }
  assertEquals(shown.length, 1, "the issuer's token is not needed again");
});

Deno.test("WorkloadPasswords.exchange() rejects an invalid ID token, and one without expiry", async () => {
  const { passwords } = await world();
  for (const token of ["bad", "", "endless"]) {
    await assertRejects(() => passwords.exchange(token), InvalidTokenError, "Cannot exchange the token");
  }
  const error = await assertRejects(() => passwords.exchange("unknown keys"), RegistryError);
  assertEquals(error.status, 503);
});

Deno.test("WorkloadPasswords.exchange() rejects its own output, which could be renewed for ever", async () => {
  const { passwords, shown } = await world();
  const { token } = await passwords.exchange("good");
  await assertRejects(() => passwords.exchange(token), InvalidTokenError);
  assertEquals(shown.at(-1), ["", token], "the issuers alone are asked");
});

Deno.test("WorkloadPasswords.verify() refuses a token that has expired", async () => {
  const { passwords, clock } = await world();
  const { token } = await passwords.exchange("good");
  clock.now += 2 * HOUR - 1;
  assert(await passwords.verify("", token) !== undefined);
  clock.now += 1;
  assertEquals(await passwords.verify("", token), undefined);
});

Deno.test("WorkloadPasswords.verify() refuses the tokens of an issuer that was removed, or has another name", async () => {
  const { passwords, open } = await world();
  const { token } = await passwords.exchange("good");
  for (const issuers of [[], [{ ...GITHUB, name: "gitlab" }], [{ ...GITHUB, name: "git" }]]) {
    assertEquals(await open(issuers).verify("", token), undefined);
  }
  const both = open([{ ...GITHUB, name: "gitlab" }, GITHUB]);
  assertEquals((await both.verify("", token))?.issuer, "github");
});

Deno.test("WorkloadPasswords.verify() applies the present lifetime of the issuer", async () => {
  const { passwords, open, clock } = await world();
  const start = clock.now;
  const { token } = await passwords.exchange("good");
  const shorter = open([{ ...GITHUB, tokenLifetime: HOUR }]);
  assertEquals((await shorter.verify("", token))?.expiresAt, start + HOUR);
  const longer = open([{ ...GITHUB, tokenLifetime: 5 * HOUR }]);
  assertEquals((await longer.verify("", token))?.expiresAt, start + 2 * HOUR);
  clock.now += HOUR;
  assertEquals(await shorter.verify("", token), undefined);
  assert(await longer.verify("", token) !== undefined);
});

Deno.test("WorkloadPasswords.verify() refuses a workload of an issuer that is not the one of the token", async () => {
  const { tokens, open } = await world();
  const passwords = open([GITHUB, { ...GITHUB, name: "gitlab" }]);
  const verify = async (subject: string, claims: Record<string, unknown>) =>
    await passwords.verify("", (await tokens.sign(subject, claims, HOUR)).token);
  assert(await verify(NAME, { issuer: "github", claims: CLAIMS }) !== undefined);
  for (const issuer of ["gitlab", "", undefined, "github:repo"]) {
    assertEquals(await verify(NAME, { issuer, claims: CLAIMS }), undefined, issuer);
  }
  for (const subject of ["user:root", "workload:github", "workload:githubx:y", "robot:github"]) {
    assertEquals(await verify(subject, { issuer: "github", claims: CLAIMS }), undefined, subject);
  }
});

Deno.test("WorkloadPasswords.verify() rejects an access token, and a workload password is not an access token", async () => {
  const { passwords, options, keys } = await world();
  const access = new AccessTokens(options);
  const { token } = await access.issue(workload(0), [], HOUR);
  assertEquals(looksLikeWorkloadPassword(token), false);
  assertEquals(await passwords.verify("", token), undefined);
  const login = (await passwords.exchange("good")).token;
  await assertRejects(async () => await access.verify(login), InvalidTokenError);
  // Not even with the other's type in the header and the signature of the right key.
  for (const [from, typ] of [[token, WORKLOAD_PASSWORD_TYPE], [login, ACCESS_TOKEN_TYPE]] as const) {
    const header = JSON.stringify({ ...readPart(from, 0), typ });
    const mixed = [base64url(header), ...from.split(".").slice(1)].join(".");
    assertEquals(await passwords.verify("", mixed), undefined);
    await assertRejects(async () => await access.verify(mixed), InvalidTokenError);
  }
  const stranger = await TestKeys.of("one");
  const forged = await signText(
    JSON.stringify(readPart(login, 0)),
    JSON.stringify(readPart(login, 1)),
    stranger.secretOf("one"),
  );
  assertEquals(await passwords.verify("", forged), undefined);
  keys.remove("one");
  assertEquals(await passwords.verify("", login), undefined);
});

Deno.test("WorkloadPasswords.verify() looks up no key for text that does not look like a workload password", async () => {
  const { passwords, keys } = await world();
  const { token } = await passwords.exchange("good");
  keys.looks = 0;
  for (
    const text of [
      "",
      "hunter2",
      "a.b.c",
      "e30.e30.AA",
      token.slice(1),
      `.${token}`,
      new UnsecuredJWT({}).encode(),
    ]
  ) {
    assertEquals(
      [looksLikeWorkloadPassword(text), await passwords.verify("", text)],
      [false, undefined],
      text,
    );
  }
  const long = `${token}${"A".repeat(MAX_TOKEN_CHARACTERS)}`;
  assertEquals([looksLikeWorkloadPassword(long), await passwords.verify("", long)], [false, undefined]);
  assertEquals(keys.looks, 0);
});

Deno.test("WorkloadPasswords.verify() rejects if the keys cannot be read", async () => {
  const { passwords, keys } = await world();
  const { token } = await passwords.exchange("good");
  keys.find = () => Promise.reject(new Error("The table is out"));
  await assertRejects(() => passwords.verify("", token), Error, "The table is out");
});
