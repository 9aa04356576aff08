/** Logins in Chromium: with a password, at a provider, and where the browser keeps no cookie. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CLIENT_ID, OidcProvider } from "../harness/oidc_provider.ts";
import { freePort } from "../harness/ports.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { authSetting, startSecured, usersOf } from "../harness/secured.ts";
import { openBrowser, openPage, type Page } from "./browser.ts";

const LOOK = { width: 1280, scheme: "light" } as const;

/** Fills in the login and sends it, with the keyboard alone. */
async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.focus("#username");
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

/** Clicks on something that leads to another page. */
async function follow(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

/** Text of the page. */
const textOf = (page: Page) =>
  page.$eval("main", (main) => (main as unknown as { innerText: string }).innerText);

Deno.test("a user logs in, makes a token, and logs out, with and without script", async () => {
  await using registry = await startSecured({ users: await usersOf("alice") });
  await using browser = await openBrowser();
  for (const script of [true, false]) {
    await using opened = await openPage(browser, `${registry.url}/account`, { ...LOOK, script });
    const { page, problems } = opened;
    assertStringIncludes(page.url(), "/login?return_to=%2Faccount");
    await logIn(page, "alice", "alice's password");
    assertEquals(page.url(), `${registry.url}/account`);
    await page.type("#description", "CI");
    await follow(page, "form[action='/account/tokens'] button");
    const token = /skr_\w+/.exec(await textOf(page))![0];
    const authorization = `Basic ${btoa(`alice:${token}`)}`;
    const status = async () => {
      const response = await fetch(`${registry.url}/v2/`, { headers: { Authorization: authorization } });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await status(), 200);
    await follow(page, "a[href='/account']");
    await follow(page, "form[action='/account/tokens/revoke'] button");
    assertStringIncludes(await textOf(page), "You have no tokens");
    assertEquals(await status(), 401);
    const [cookie] = await page.browserContext().cookies();
    assertEquals([cookie!.name, cookie!.httpOnly, cookie!.secure, cookie!.sameSite], [
      "__Host-skerry-session",
      true,
      true,
      "Lax",
    ]);
    await follow(page, "form[action='/logout'] button");
    assertEquals(await page.browserContext().cookies(), []);
    assertEquals(problems, []);
  }
});

Deno.test("a person logs in at a provider, to which the content security policy lets the link lead", async () => {
  const port = freePort();
  const redirectUri = `http://127.0.0.1:${port}/login/callback`;
  await using provider = await OidcProvider.start({ redirectUri, accounts: { alice: { groups: ["devs"] } } });
  const login = { name: "company", issuer: provider.url, clientId: CLIENT_ID };
  await using registry = await startRegistry({ port, env: await authSetting(port, { login }) });
  await using browser = await openBrowser();
  await using opened = await openPage(browser, `${registry.url}/login?return_to=%2Faccount`, LOOK);
  const { page, problems } = opened;
  await follow(page, "a[href^='/login/provider']");
  await page.type("input[name='login']", "alice");
  await page.type("input[name='password']", "x");
  await follow(page, "button[type='submit']");
  await follow(page, "button[type='submit']");
  assertEquals(page.url(), `${registry.url}/account`);
  assertStringIncludes(await textOf(page), "oidc:alice");
  assertEquals(problems.filter((problem) => /Content Security|security policy/i.test(problem)), []);
});

Deno.test("a browser that keeps no cookie over plain HTTP is told so before it sends another password", async () => {
  await using registry = await startSecured({ users: await usersOf("alice") });
  await using browser = await openBrowser("--host-resolver-rules=MAP registry.example 127.0.0.1");
  const { port } = new URL(registry.url);
  await using opened = await openPage(browser, `http://registry.example:${port}/login`, LOOK);
  const { page } = opened;
  await logIn(page, "alice", "alice's password");
  assertMatch(await textOf(page), /has not kept the cookie.*Set up TLS/s);
  assertEquals(await page.browserContext().cookies(), []);
});
