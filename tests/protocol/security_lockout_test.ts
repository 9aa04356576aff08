// Guessing passwords stays slow, whatever else the guesser sends, and locks out no other client.
import { assert, assertEquals } from "@std/assert";
import { OidcIssuer } from "../harness/oidc_issuer.ts";
import { basic, usersOf } from "../harness/secured.ts";
import { openSecuredApp, passwordOf, ROOT, type SecuredApp } from "../harness/secured_app.ts";
import { ALICE, LIST, openTeamApp } from "./team_app.ts";

const ATTACKER = "198.51.100.66";
const ALICE_PASSWORD = "alice's password";

/** Logs in at `/token`, and answers the status and `Retry-After`. */
async function login(app: SecuredApp, address: string, username: string, password: string) {
  const headers = { Authorization: basic({ username, password }) };
  const response = await app.from(address)("/token", { headers });
  await response.body?.cancel();
  return { status: response.status, retryAfter: response.headers.get("Retry-After") };
}

/** Fails until the address has to wait. */
async function exhaust(app: SecuredApp, address: string): Promise<void> {
  for (let guess = 0; guess < 5; guess++) {
    assertEquals((await login(app, address, `nobody-${guess}`, `guess ${guess}`)).status, 401);
  }
  assertEquals((await login(app, address, "nobody", "guess")).status, 429);
}

Deno.test("17,000 refused names give an address no fresh guesses", async () => {
  using app = await openTeamApp();
  await exhaust(app, ATTACKER);
  const statuses = new Map<number, number>();
  const count = ({ status }: { status: number }) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  for (let i = 0; i < 17_000; i++) await login(app, "203.0.113.9", `flood-${i}`, "x");
  for (let i = 0; i < 64; i++) count(await login(app, ATTACKER, "alice", `guess ${i}`));
  // The waits of 1, 2, 4, ... seconds may end while the requests run.
  assert((statuses.get(401) ?? 0) <= 5, JSON.stringify([...statuses]));
});

Deno.test("64 concurrent guesses get no more attempts than the free ones", async () => {
  using app = await openTeamApp();
  const guesses = Array.from({ length: 64 }, (_, i) => login(app, ATTACKER, "alice", `guess ${i}`));
  const looks = (await Promise.all(guesses)).filter(({ status }) => status === 401).length;
  assert(looks <= 5, `${looks} passwords were looked at`);
});

Deno.test("forged tokens and secrets lock out neither workloads nor robots", async () => {
  await using issuer = await OidcIssuer.start({ audience: "registry.test" });
  using app = await openTeamApp({ issuers: [{ name: "test", issuer: issuer.url }] });
  const made = await app.as(ROOT)("/v2/_skerry/tokens", {
    method: "POST",
    body: JSON.stringify({ robot: "ci" }),
  });
  const { secret } = await made.json();
  for (let i = 0; i < 45; i++) {
    const forged = (await issuer.mint()).replace(/.{20}$/, `${i}`.padStart(20, "A"));
    assertEquals((await login(app, ATTACKER, "oidc", forged)).status, 401);
    assertEquals((await login(app, ATTACKER, "ci", `skr_${i}`)).status, 401);
  }
  assertEquals((await login(app, ATTACKER, "oidc", await issuer.mint())).status, 200);
  assertEquals((await login(app, ATTACKER, "ci", secret)).status, 200);
  assertEquals((await login(app, "192.0.2.7", "oidc", await issuer.mint())).status, 200);
});

Deno.test("an address that has to wait learns no names from the answers", async () => {
  using app = await openTeamApp();
  assertEquals((await login(app, ATTACKER, "alice", ALICE_PASSWORD)).status, 200);
  await exhaust(app, ATTACKER);
  const known = await login(app, ATTACKER, "alice", "wrong");
  const unknown = await login(app, ATTACKER, "zorro", "wrong");
  assertEquals(known, unknown);
  assertEquals(known.status, 429);
  // The user who shares the address goes on with the right password.
  assertEquals((await login(app, ATTACKER, "alice", ALICE_PASSWORD)).status, 200);
});

Deno.test("an address learns no names from how soon it has to wait", async () => {
  const waitsAfter = async (username: string): Promise<number> => {
    using app = await openTeamApp();
    assertEquals((await login(app, ATTACKER, "alice", ALICE_PASSWORD)).status, 200);
    for (let guess = 0; guess < 20; guess++) {
      const { status } = await login(app, ATTACKER, guess < 4 ? username : "other", `guess ${guess}`);
      if (status === 429) return guess;
    }
    return 20;
  };
  assertEquals(await waitsAfter("alice"), await waitsAfter("zorro"));
});

Deno.test("an empty name with an empty password is no login: podman, skopeo and buildah send it without one", async () => {
  using app = await openSecuredApp({
    challenge: "basic",
    users: await usersOf("alice"),
    policies: [
      { repositories: ["public/**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] },
      { repositories: ["team/**"], allow: [{ to: ["user:alice"], actions: ["pull"] }] },
    ],
  });
  const empty = app.as("Basic Og==");
  for (let i = 0; i < 20; i++) {
    const pull = await empty("/v2/public/app/manifests/latest");
    assertEquals([pull.status, (await pull.json()).errors[0].code], [404, "MANIFEST_UNKNOWN"]);
    const refused = await empty("/v2/team/app/manifests/latest");
    assertEquals(refused.status, 401);
    assertEquals(refused.headers.get("WWW-Authenticate"), 'Basic realm="registry.test", charset="UTF-8"');
    await refused.body?.cancel();
    const token = await empty("/token");
    assertEquals(token.status, 200);
    await token.body?.cancel();
  }
  const alice = await app.as(passwordOf("alice"))("/v2/team/app/manifests/latest");
  assertEquals(alice.status, 404);
  await alice.body?.cancel();
  assertEquals(app.told.log.filter((event) => JSON.stringify(event).includes("Login failed")), []);
});

Deno.test("replicas count failed logins together", async () => {
  using first = await openTeamApp();
  using second = await openSecuredApp({ users: await usersOf("bob") }, { stores: first.stores });
  using third = await openSecuredApp({ users: await usersOf("bob") }, { stores: first.stores });
  let looks = 0;
  for (let round = 0; round < 20; round++) {
    for (const app of [first, second, third]) {
      const { status } = await login(app, ATTACKER, `name-${round}`, `guess ${round}`);
      if (status === 401) looks++;
    }
  }
  // Five are free, and each replica may look once before it hears of the others. The first waits may end meanwhile.
  assert(looks >= 5 && looks <= 9, `${looks} passwords were looked at`);
});

Deno.test("a right login costs no request of the table", async () => {
  using first = await openTeamApp();
  const { table, objects } = first.stores;
  const calls: string[] = [];
  const counted = new Proxy(table, {
    get(target, name: keyof typeof table) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        calls.push(`${name} ${JSON.stringify(args[0])}`);
        return method.apply(target, args);
      };
    },
  });
  using app = await openSecuredApp(
    { challenge: "basic", users: await usersOf("alice") },
    { stores: { objects, table: counted } },
  );
  calls.length = 0;
  for (let i = 0; i < 3; i++) assertEquals((await app.as(ALICE)("/v2/")).status, 200);
  assertEquals(calls, []);
  assertEquals((await app.as(passwordOf("bob"))(LIST)).status, 401);
  assert(calls.length > 0, "A failure is written");
});
