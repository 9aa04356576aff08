import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { listRefreshTokens, revokeRefreshTokens } from "../../../auth/mod.ts";
import { FormClient } from "../../../tests/harness/form_client.ts";
import { hashOf, usersOf } from "../../../tests/harness/secured.ts";
import { openSecuredApp, type SecuredApp, URL_OF_APP } from "../../../tests/harness/secured_app.ts";

const SESSION = "__Host-skerry-session";

async function openApp(auth: Record<string, unknown> = {}): Promise<SecuredApp> {
  return await openSecuredApp({ users: await usersOf("alice", "bob"), ...auth });
}

const browserOf = ({ request }: Pick<SecuredApp, "request">) => new FormClient(request, URL_OF_APP);

/** True if the account's page opens, and no login. */
async function isLoggedIn(browser: FormClient): Promise<boolean> {
  const { status, location, text } = await browser.open("/account");
  if (status === 303) return assertStringIncludes(location!, "/login"), false;
  assertEquals(status, 200);
  return text.includes("user:alice");
}

Deno.test("logIn() starts a session in a cookie that only this host gets, and no script", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  assertEquals(await isLoggedIn(browser), false);
  const form = await browser.open("/login?return_to=/account");
  const { status, location, response } = await browser.submit("/login", {
    ...form.hidden(),
    username: "alice",
    password: "alice's password",
  });
  assertEquals([status, location], [303, "/account"]);
  const cookie = response.headers.getSetCookie().find((line) => line.startsWith(SESSION))!;
  assertMatch(
    cookie,
    /^__Host-skerry-session=skrr_[\w-]{79}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  assertMatch(response.headers.get("Cache-Control")!, /no-store/);
  assertEquals(await isLoggedIn(browser), true);
  assertEquals((await browser.open("/login")).location, "/", "the login is over");
});

Deno.test("logIn() refuses a wrong password and unknown users alike, and shows nothing that was typed as markup", async () => {
  using app = await openApp();
  const texts: string[] = [];
  for (const [username, password] of [["alice", "wrong"], ["nobody<b>", "wrong"], ["", ""]] as const) {
    const browser = browserOf(app);
    const { status, text } = await browser.logIn(username, password);
    assertEquals(status, 403);
    assert(!text.includes("<b>"));
    assertEquals(browser.cookies.has(SESSION), false);
    texts.push(/<p class="problem".*?<\/p>/.exec(text)![0]);
  }
  assertEquals(new Set(texts).size, 1);
});

Deno.test("logIn() has the same limit on failed logins as docker login", async () => {
  using app = await openApp({ limits: { failedLogins: 3 } });
  const browser = browserOf(app);
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await browser.logIn("alice", `guess ${i}`)).status);
  assertEquals(statuses, [403, 403, 403, 429, 429]);
  const limited = await browser.logIn("alice");
  assertEquals(limited.status, 429);
  assertMatch(limited.text, /Try again in \d+ second/);
  assertEquals((await app.as("Basic " + btoa("alice:alice's password"))("/v2/")).status, 429);
});

Deno.test("pages count against the rate limit of the account", async () => {
  using app = await openApp({ limits: { requestsPerMinute: 10 } });
  const browser = browserOf(app);
  await browser.logIn("alice");
  const statuses = new Set<number>();
  for (let i = 0; i < 12; i++) statuses.add((await browser.open("/account")).status);
  assertEquals(statuses, new Set([200, 429]));
});

Deno.test("logOut() ends the session in the registry, so a copy of the cookie is worth nothing", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  await browser.logIn("alice");
  const thief = browserOf(app);
  thief.cookies.set(SESSION, browser.cookies.get(SESSION)!);
  assertEquals(await isLoggedIn(thief), true);
  const { status, location } = await browser.submit("/logout");
  assertEquals([status, location, browser.cookies.has(SESSION)], [303, "/", false]);
  assertEquals([await isLoggedIn(browser), await isLoggedIn(thief)], [false, false]);
});

Deno.test("a session and a refresh token are rejected in place of each other", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  await browser.logIn("alice");
  const session = browser.cookies.get(SESSION)!;
  const refresh = await app.request("/token", {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: session }).toString(),
  });
  assertEquals(refresh.status, 401);
  await refresh.body?.cancel();
  const docker = await app.as("Basic " + btoa("alice:alice's password"))("/token?offline_token=true");
  const { refresh_token: token } = await docker.json();
  const thief = browserOf(app);
  thief.cookies.set(SESSION, token);
  assertEquals(await isLoggedIn(thief), false);
});

Deno.test("sessions are listed with the logins of the user, and revoked there", async () => {
  using app = await openApp();
  const { table } = app.stores;
  const browser = browserOf(app);
  await browser.logIn("alice");
  const found = await listRefreshTokens(table, "user:alice", {
    findPrincipal: (principal) => Promise.resolve(principal),
    now: Date.now(),
  });
  assertEquals(found.map(({ client }) => client.slice(0, 7)), ["Web UI:"]);
  assertEquals(await revokeRefreshTokens(table, "user:alice", found[0]!.id), 1);
  assertEquals(await isLoggedIn(browser), false);
});

Deno.test("a session ends with the password, and with the account", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  await browser.logIn("alice");
  const { stores } = app;
  const other = async (users: Record<string, string>) => {
    using later = await openSecuredApp({ users }, { stores });
    const copy = browserOf(later);
    copy.cookies.set(SESSION, browser.cookies.get(SESSION)!);
    return await isLoggedIn(copy);
  };
  assertEquals(await other(app.config.users!), true);
  assertEquals(await other({ alice: await hashOf("another password") }), false);
  assertEquals(await other(await usersOf("bob")), false);
});

Deno.test("logIn() accepts a personal access token with its bounds, and no robot token", async () => {
  using app = await openApp({
    policies: [{ repositories: ["**"], allow: [{ to: ["authenticated"], actions: ["pull", "push"] }] }],
  });
  const create = async (body: unknown) => {
    const response = await app.as("Basic " + btoa("root:root's password"))("/v2/_skerry/tokens", {
      method: "POST",
      body: JSON.stringify(body),
    });
    return (await response.json()).secret as string;
  };
  const browser = browserOf(app);
  const personal = await create({ user: "alice", grants: ["pull:team/**"] });
  assertEquals((await browser.logIn("alice", personal)).status, 303);
  const account = await browser.open("/account");
  assertStringIncludes(account.text, "Log in with your password to create and revoke tokens");
  const refused = await browser.submit("/account/tokens", { description: "more", days: "30", grants: "" });
  assertEquals(refused.status, 403);
  const robot = await browserOf(app).logIn("ci", await create({ robot: "ci" }));
  assertEquals(robot.status, 403);
  assertStringIncludes(robot.text, "Only users log in here");
});

Deno.test("logIn() tells a browser that has not kept the cookie of the form", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  const form = await browser.open("/login");
  browser.cookies.clear(); // as over plain HTTP
  const { status, text } = await browser.submit("/login", {
    ...form.hidden(),
    username: "alice",
    password: "alice's password",
  });
  assertEquals(status, 403);
  assertStringIncludes(
    text,
    "Browsers keep it over HTTPS only, except for localhost. Open https://registry.test",
  );
});

Deno.test("logIn() refuses a form with another browser's proof: it would be a login by another site", async () => {
  using app = await openApp();
  const [victim, attacker] = [browserOf(app), browserOf(app)];
  await victim.open("/login");
  const form = await attacker.open("/login");
  const { status } = await victim.submit("/login", {
    ...form.hidden(),
    username: "bob",
    password: "bob's password",
  });
  assertEquals([status, victim.cookies.has(SESSION)], [403, false]);
});

Deno.test("logIn() gives each session another value, and keeps none that the browser brought", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  browser.cookies.set(SESSION, `skrr_${"A".repeat(79)}`);
  await browser.logIn("alice");
  const first = browser.cookies.get(SESSION)!;
  assertNotEquals(first, `skrr_${"A".repeat(79)}`);
  browser.cookies.delete(SESSION);
  await browser.logIn("alice");
  assertNotEquals(browser.cookies.get(SESSION), first);
});

Deno.test("logIn() returns to pages of the registry only", async () => {
  using app = await openApp();
  const hostile = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\tevil",
    "javascript:alert(1)",
    "/%0d%0aSet-Cookie:x=y",
    "/login?return_to=/logout",
    "/logout",
    "",
    "/r/\u202eevil",
  ];
  for (const path of hostile) {
    const { status, location } = await browserOf(app).logIn("alice", "alice's password", path);
    assertEquals(status, 303);
    // The path of an encoded line break stays encoded: it is a path without a page.
    assert(location === "/" || location === "/%0d%0aSet-Cookie:x=y", `${path} led to ${location}`);
  }
  const kept = await browserOf(app).logIn("alice", "alice's password", "/r/team/app/-/at/v1?x=1");
  assertEquals(kept.location, "/r/team/app/-/at/v1?x=1");
});

Deno.test("forms are refused unless a page of this registry has sent them", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  await browser.logIn("alice");
  const foreign: Record<string, string>[] = [
    { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { "Sec-Fetch-Site": "none" },
    { "Sec-Fetch-Site": "", Origin: "https://evil.example" },
    { "Sec-Fetch-Site": "", Origin: "null" },
    { "Sec-Fetch-Site": "", Origin: "" },
    { "Sec-Fetch-Site": "", Origin: "https://registry.test.evil.example" },
    { "Sec-Fetch-Site": "", Origin: "https://registry.test:444" },
    { "Sec-Fetch-Site": "same-origin", Origin: "https://evil.example" },
  ];
  for (const headers of foreign) {
    const { status } = await browser.submit("/logout", {}, headers);
    assertEquals(status, 403, JSON.stringify(headers));
  }
  assertEquals(await isLoggedIn(browser), true);
  assertEquals((await browser.submit("/logout", {}, { "Sec-Fetch-Site": "" })).status, 303);
});

Deno.test("forms need a session, their own type, and each field once", async () => {
  using app = await openApp();
  const browser = browserOf(app);
  assertEquals((await browser.submit("/account/tokens", { description: "x" })).status, 403);
  await browser.logIn("alice");
  assertEquals((await browser.submit("/account/tokens", {}, { "Content-Type": "text/plain" })).status, 400);
  const twice = await app.request("/account/tokens", {
    method: "POST",
    headers: {
      Origin: URL_OF_APP,
      "Content-Type": "application/x-www-form-urlencoded",
      Cookie: `${SESSION}=${browser.cookies.get(SESSION)}`,
    },
    body: "description=a&description=b&days=30",
  });
  assertEquals(twice.status, 400);
  await twice.body?.cancel();
  const huge = await browser.submit("/account/tokens", { description: "a".repeat(70_000) });
  assertEquals(huge.status, 413);
});
