// What comes of guessing: credentials that are nearly right, and passwords by the thousand.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { OidcIssuer } from "../harness/oidc_issuer.ts";
import { basic, usersOf } from "../harness/secured.ts";
import { passwordOf } from "../harness/secured_app.ts";
import { seeded } from "../random.ts";
import { ALICE, LIST, openTeamApp } from "./team_app.ts";

/** A change to a text, such as a bad line or a bad hand makes. */
function mutate(text: string, pick: (n: number) => number): string {
  const at = pick(text.length);
  const alphabet = "ABCxyz019-_.=+/ ,\"\\'~%{}:\t";
  const character = alphabet[pick(alphabet.length)]!;
  switch (pick(7)) {
    case 0:
      return text.slice(0, at) + character + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + character + text.slice(at);
    case 3:
      return text.slice(0, at);
    case 4:
      return text.slice(at) + text.slice(0, at);
    case 5:
      return text.replaceAll(".", character);
    default:
      return text + text.slice(0, at);
  }
}

Deno.test("10,000 mutated credentials: each is rejected, and none causes an error", async () => {
  await using issuer = await OidcIssuer.start({ audience: "registry.test" });
  using app = await openTeamApp({
    issuers: [{ name: "test", issuer: issuer.url }],
    limits: { failedLogins: 0 },
    users: await usersOf("bob"),
  });
  const { as, request, tokenFor } = app;
  const bob = passwordOf("bob");
  const token = await tokenFor(bob, "repository:team/app:pull");
  const { secret } = await (await as(bob)("/v2/_skerry/tokens", { method: "POST" })).json();
  const { refresh_token } = await (await as(bob)("/token?offline_token=true")).json();
  const subject = await issuer.mint();
  const shown = [
    token,
    basic({ username: "bob", password: secret }),
    basic({ username: "any", password: subject }),
    `Bearer ${refresh_token}`,
  ];
  const next = seeded(20261127);
  const seen = new Map<number, number>();
  for (let count = 0; count < 10_000; count++) {
    const original = shown[count % shown.length]!;
    let changed = mutate(original, next);
    while (next(10) < 3) changed = mutate(changed, next);
    if (isSame(changed, shown)) continue;
    const headers = headersWith(changed);
    if (headers === undefined) continue; // no client can send that
    const response = await request(LIST, { headers });
    seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
    assertEquals(response.status, 401, `${count}: ${changed}`);
    const challenge = response.headers.get("WWW-Authenticate") ?? "";
    assertMatch(challenge, /^Bearer realm="[^"]+",service="[^"]+",scope="[^"]+"(,error="[a-z_]+")?$/);
    assertEquals((await response.json()).errors[0].code, "UNAUTHORIZED");
  }
  assert(seen.get(401)! > 9000, JSON.stringify([...seen]));
});

/** True if it says the same as one of these: the scheme in other letters, or the same bytes in base64. */
function isSame(changed: string, originals: string[]): boolean {
  const said = saidBy(changed);
  return originals.some((original) => said === saidBy(original));
}

function saidBy(authorization: string): string {
  const [, scheme = "", rest = ""] = /^(\S*) *(.*?) *$/s.exec(authorization.trim()) ?? [];
  if (scheme.toLowerCase() !== "basic") return `${scheme.toLowerCase()} ${rest}`;
  try {
    const pair = new TextDecoder().decode(Uint8Array.fromBase64(rest));
    // A client with a token of an issuer may use any user name.
    return `basic ${pair.includes(":eyJ") ? pair.slice(pair.indexOf(":")) : pair}`;
  } catch {
    return authorization;
  }
}

function headersWith(authorization: string): Headers | undefined {
  try {
    return new Headers({ Authorization: authorization });
  } catch {
    return undefined;
  }
}

Deno.test("10,000 mutated requests for a token: each gets less than a password's worth, in the form of the specification", async () => {
  using app = await openTeamApp({ limits: { failedLogins: 0 } });
  const { request, as } = app;
  const { refresh_token } = await (await as(ALICE)("/token?offline_token=true")).json();
  const originals = [
    `grant_type=refresh_token&refresh_token=${refresh_token}&service=registry.test&scope=repository:team/app:pull`,
    "service=registry.test&scope=repository:team/app:pull,push&scope=registry:catalog:*&offline_token=true",
  ];
  const next = seeded(20261128);
  let refused = 0;
  for (let count = 0; count < 10_000; count++) {
    const isForm = count % 2 === 0;
    let changed = mutate(originals[count % 2]!, next);
    while (next(10) < 3) changed = mutate(changed, next);
    const response = isForm
      ? await request("/token", {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: changed,
      })
      : await app.from("192.0.2.9")(`/token?${encodeURI(changed)}`);
    assert(response.status < 500, `${response.status}: ${changed}`);
    const answer = await response.json();
    if (response.status === 200) {
      const { sub } = decodeJwt(answer.access_token);
      const isWhole = new URLSearchParams(changed).getAll("refresh_token").join() === refresh_token;
      assertEquals(sub, isForm && isWhole ? "user:alice" : "anonymous", changed);
      assert(isForm || answer.refresh_token === undefined);
    } else {
      refused++;
      assert([400, 401, 404, 413, 414].includes(response.status), `${response.status}: ${changed}`);
      assertEquals(typeof answer.errors[0].message, "string");
    }
  }
  assert(refused > 3000, `${refused}`);
});

Deno.test("password spraying is slowed, but not users of the tried names or of the same address", async () => {
  using app = await openTeamApp();
  const { from, tokenFor } = app;
  const login = async (address: string, username: string, password: string) => {
    const headers = { Authorization: basic({ username, password }) };
    const response = await from(address)("/token", { headers });
    await response.body?.cancel();
    return response;
  };
  const [home, attacker] = ["192.0.2.7", "198.51.100.66"];
  assertEquals((await login(attacker, "bob", "bob's password")).status, 200); // who is behind the same address
  const token = await tokenFor(ALICE, "repository:team/app:pull");
  const statuses = new Map<number, number>();
  for (let guess = 0; guess < 1000; guess++) {
    const username = ["alice", "bob", "carol", "dave"][guess % 4]!;
    const { status, headers } = await login(attacker, username, `guess ${guess}`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 429) assertMatch(headers.get("Retry-After") ?? "", /^[1-9]\d?$/);
  }
  const looks = statuses.get(401) ?? 0;
  assertEquals(looks + statuses.get(429)!, 1000);
  // Five failures are free, for the address and for the name that is known there; then there is at most one a second.
  assert(looks >= 5 && looks < 20, `${looks} passwords were looked at`);
  assertEquals((await login(attacker, "alice", "alice's password")).status, 429, "not even the right one");
  assertEquals((await login(home, "alice", "alice's password")).status, 200);
  const behind = await from(attacker)(LIST, { headers: { Authorization: token } });
  assertEquals(behind.status, 200);
  await behind.body?.cancel();
});
