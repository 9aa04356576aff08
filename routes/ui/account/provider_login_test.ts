// Logins at a real provider of OpenID Connect, and attacks on them.
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { EMPTY, imageOf, pushBlob, pushManifest } from "../../../tests/harness/content.ts";
import { FormClient } from "../../../tests/harness/form_client.ts";
import { CLIENT_ID, OidcProvider } from "../../../tests/harness/oidc_provider.ts";
import { usersOf } from "../../../tests/harness/secured.ts";
import {
  openBareApp,
  openSecuredApp,
  ROOT,
  type SecuredApp,
  URL_OF_APP,
} from "../../../tests/harness/secured_app.ts";

const SESSION = "__Host-skerry-session";

const REDIRECT_URI = `${URL_OF_APP}/login/callback`;

const ACCOUNTS = {
  alice: { groups: ["devs", "ops"], email: "alice@example.com", email_verified: true },
  bob: { groups: ["sales"], email: "bob@example.com", email_verified: false },
  "*": {},
};

const POLICIES = [
  { repositories: ["ops/**"], allow: [{ to: ["oidc:*"], actions: ["pull"], where: { groups: ["ops"] } }] },
  { repositories: ["own/**"], allow: [{ to: ["oidc:alice"], actions: ["pull", "push"] }] },
  { repositories: ["team/**"], allow: [{ to: ["authenticated"], actions: ["pull"] }] },
];

/** Runs a test with a registry whose accounts are at a provider. */
async function withProvider(
  test: (app: SecuredApp, provider: OidcProvider) => Promise<void>,
  login: Record<string, unknown> = {},
  { clientSecret }: { clientSecret?: string } = { clientSecret: "secret of skerry" },
): Promise<void> {
  await using provider = await OidcProvider.start({
    redirectUri: REDIRECT_URI,
    accounts: ACCOUNTS,
    ...(clientSecret !== undefined && { clientSecret }),
  });
  const secret = clientSecret === undefined ? {} : { clientSecret };
  using app = await openSecuredApp({
    users: await usersOf("alice"),
    policies: POLICIES,
    login: { name: "company", issuer: provider.url, clientId: CLIENT_ID, ...secret, ...login },
  });
  await test(app, provider);
}

const browserOf = ({ request }: Pick<SecuredApp, "request">) => new FormClient(request, URL_OF_APP);

/** URL at the registry to which the provider sends the browser back. */
async function begin(browser: FormClient, provider: OidcProvider, account: string, returnTo = "/account") {
  const { status, location } = await browser.open(
    `/login/provider?return_to=${encodeURIComponent(returnTo)}`,
  );
  assertEquals(status, 303);
  const callback = await provider.logIn(location!, account);
  assert(callback.startsWith(REDIRECT_URI), callback);
  return callback.slice(URL_OF_APP.length);
}

/** Repositories on the first page. */
async function seen(browser: FormClient): Promise<string[]> {
  const { text } = await browser.open("/");
  return ["ops/app", "own/app", "team/app"].filter((name) => text.includes(`/r/${name}"`));
}

/** Opens the callback as a browser does that comes from the provider: from another site. */
const finish = (browser: FormClient, callback: string) =>
  browser.open(callback, { "Sec-Fetch-Site": "cross-site" });

Deno.test("a person logs in at the provider, and has the rights that policies give to the account and its groups", async () => {
  await withProvider(async (app, provider) => {
    const browser = browserOf(app);
    assertStringIncludes((await browser.open("/login")).text, "Log in with company");
    const { status, location, response } = await finish(browser, await begin(browser, provider, "alice"));
    assertEquals([status, location], [303, "/account"]);
    const cookie = response.headers.getSetCookie().find((line) => line.startsWith(SESSION))!;
    assertMatch(cookie, /; Max-Age=(43200|43199|4319\d); Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    assertStringIncludes((await browser.open("/account")).text, "oidc:alice");
    for (const name of ["ops/app", "own/app", "team/app"]) {
      await pushBlob(app.as(ROOT), name, EMPTY);
      await pushManifest(app.as(ROOT), name, imageOf("of a page"), "v1");
    }
    assertEquals(await seen(browser), ["ops/app", "own/app"]);
    const bob = browserOf(app);
    await finish(bob, await begin(bob, provider, "bob"));
    assertEquals(await seen(bob), []);
    await browser.submit("/logout");
    assertEquals((await browser.open("/account")).status, 303);
    assert(!JSON.stringify(app.told).includes("secret of skerry"));
  });
});

Deno.test("a person logs in at the provider without a secret of the client", async () => {
  await withProvider(
    async (app, provider) => {
      const browser = browserOf(app);
      assertEquals((await finish(browser, await begin(browser, provider, "bob"))).status, 303);
      assertStringIncludes((await browser.open("/account")).text, "oidc:bob");
    },
    {},
    {},
  );
});

Deno.test("another account of the provider's is named by the configured claim, and an unverified address is refused", async () => {
  await withProvider(async (app, provider) => {
    const browser = browserOf(app);
    assertEquals((await finish(browser, await begin(browser, provider, "alice"))).status, 303);
    assertStringIncludes((await browser.open("/account")).text, "oidc:alice@example.com");
    const other = browserOf(app);
    const refused = await finish(other, await begin(other, provider, "bob"));
    assertEquals([refused.status, other.cookies.has(SESSION)], [403, false]);
    assertStringIncludes(refused.text, "has not verified your e-mail address");
    const odd = browserOf(app);
    assertEquals((await finish(odd, await begin(odd, provider, "*"))).status, 403, "no claim");
  }, { subject: "email" });
});

Deno.test("an account whose name could be a pattern of a policy is refused", async () => {
  await withProvider(async (app, provider) => {
    const browser = browserOf(app);
    const { status, text } = await finish(browser, await begin(browser, provider, "*"));
    assertEquals(status, 403);
    assertStringIncludes(text, "not the name of an account");
  });
});

Deno.test("the callback is refused in a browser that has not begun the login", async () => {
  await withProvider(async (app, provider) => {
    const attacker = browserOf(app);
    const callback = await begin(attacker, provider, "bob");
    const victim = browserOf(app);
    const alone = await finish(victim, callback);
    assertEquals([alone.status, victim.cookies.has(SESSION)], [403, false]);
    assertStringIncludes(alone.text, "has not kept the cookie of the login");
    await victim.open("/login/provider");
    const mixed = await finish(victim, callback);
    assertEquals([mixed.status, victim.cookies.has(SESSION)], [403, false]);
  });
});

Deno.test("a code is good for one session", async () => {
  await withProvider(async (app, provider) => {
    const browser = browserOf(app);
    const callback = await begin(browser, provider, "alice");
    const copies = new Map(browser.cookies);
    assertEquals((await finish(browser, callback)).status, 303);
    assertEquals((await finish(browser, callback)).status, 403, "the attempt is used up");
    const thief = browserOf(app);
    for (const [name, value] of copies) thief.cookies.set(name, value);
    assertEquals((await finish(thief, callback)).status, 403, "the provider takes a code once");
    assertEquals(thief.cookies.has(SESSION), false);
  });
});

Deno.test("the callback is refused with another state, issuer or code, or without one", async () => {
  await withProvider(async (app, provider) => {
    const changes: [string, (parameters: URLSearchParams) => void][] = [
      ["another state", (parameters) => parameters.set("state", "A".repeat(43))],
      ["no state", (parameters) => parameters.delete("state")],
      ["two states", (parameters) => parameters.append("state", parameters.get("state")!)],
      ["another issuer", (parameters) => parameters.set("iss", "https://evil.example")],
      ["no issuer", (parameters) => parameters.delete("iss")],
      ["another code", (parameters) => parameters.set("code", "A".repeat(43))],
      ["no code", (parameters) => parameters.delete("code")],
    ];
    for (const [name, change] of changes) {
      const browser = browserOf(app);
      const callback = new URL(await begin(browser, provider, "alice"), URL_OF_APP);
      change(callback.searchParams);
      const { status } = await finish(browser, callback.pathname + callback.search);
      assertEquals([status, browser.cookies.has(SESSION)], [403, false], name);
    }
  });
});

Deno.test("the login is refused if the provider refuses it, without its text as markup", async () => {
  await withProvider(async (app) => {
    const browser = browserOf(app);
    const { location } = await browser.open("/login/provider");
    const state = new URL(location!).searchParams.get("state")!;
    const iss = new URL(location!).origin;
    const query = new URLSearchParams({ error: "<script>alert(1)</script>", state, iss });
    const { status, text } = await finish(browser, `/login/callback?${query}`);
    assertEquals(status, 403);
    assert(!text.includes("<script>alert"));
    assertStringIncludes(text, "The provider refused the login");
  });
});

Deno.test("each login asks the provider with another state, nonce and challenge", async () => {
  await withProvider(async (app) => {
    const seen = new Map<string, Set<string>>();
    for (let i = 0; i < 3; i++) {
      const { location } = await browserOf(app).open("/login/provider");
      const { searchParams } = new URL(location!);
      assertEquals(searchParams.get("code_challenge_method"), "S256");
      assertEquals(searchParams.get("redirect_uri"), REDIRECT_URI);
      assertEquals(searchParams.get("response_type"), "code");
      for (const name of ["state", "nonce", "code_challenge"]) {
        const value = searchParams.get(name)!;
        assert(value.length >= 43, name);
        seen.set(name, (seen.get(name) ?? new Set()).add(value));
      }
    }
    for (const values of seen.values()) assertEquals(values.size, 3);
  });
});

Deno.test("a login at the provider returns to pages of the registry only", async () => {
  await withProvider(async (app, provider) => {
    for (
      const path of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
    ) {
      const browser = browserOf(app);
      const { status, location } = await finish(browser, await begin(browser, provider, "alice", path));
      assertEquals([status, location], [303, "/"], path);
    }
    const browser = browserOf(app);
    const kept = await finish(browser, await begin(browser, provider, "alice", "/r/team/app?x=1&y=2"));
    assertEquals(kept.location, "/r/team/app?x=1&y=2");
  });
});

Deno.test("a session of the provider's ends with the provider in the configuration", async () => {
  await withProvider(async (app, provider) => {
    const browser = browserOf(app);
    await finish(browser, await begin(browser, provider, "alice"));
    const reopened = async (login?: Record<string, unknown>) => {
      const policies = login === undefined ? [] : POLICIES;
      using later = await openSecuredApp({ policies, ...(login && { login }) }, { stores: app.stores });
      const copy = browserOf(later);
      copy.cookies.set(SESSION, browser.cookies.get(SESSION)!);
      return (await copy.open("/account")).status;
    };
    const login = { name: "renamed", issuer: provider.url, clientId: CLIENT_ID };
    assertEquals(await reopened(login), 200);
    assertEquals(await reopened({ ...login, issuer: "https://other.example" }), 303);
    assertEquals(await reopened(), 303);
  });
});

Deno.test("the login has no form for passwords without users, and no provider without one", async () => {
  await using provider = await OidcProvider.start({ redirectUri: REDIRECT_URI, accounts: ACCOUNTS });
  using app = await openBareApp({
    login: { name: "company", issuer: provider.url, clientId: CLIENT_ID },
  });
  const { text } = await browserOf(app).open("/login");
  assert(!text.includes('type="password"'));
  assertStringIncludes(text, "Log in with company");
  using other = await openSecuredApp({ users: await usersOf("alice") });
  for (const path of ["/login/provider", "/login/callback?code=x&state=y"]) {
    assertEquals((await browserOf(other).open(path)).status, 404);
  }
  assertNotEquals((await browserOf(other).open("/login")).text.indexOf('type="password"'), -1);
});

Deno.test("the login answers 503 while the provider cannot be reached, and tells the operator", async () => {
  const provider = await OidcProvider.start({ redirectUri: REDIRECT_URI, accounts: ACCOUNTS });
  using app = await openBareApp({
    login: { name: "company", issuer: provider.url, clientId: CLIENT_ID },
  });
  const browser = browserOf(app);
  const callback = await begin(browser, provider, "alice");
  await provider[Symbol.asyncDispose]();
  assertEquals((await finish(browser, callback)).status, 503);
  assertEquals(browser.cookies.has(SESSION), false);
  assert(JSON.stringify(app.told.log).includes("Login at company failed"));
});
