/** Hostile content in Chromium: nothing executes, nothing leads elsewhere, and the pages of changes are accessible. */
import { assert, assertEquals } from "@std/assert";
import { startSecured, usersOf } from "../harness/secured.ts";
import { accessibilityFindings, openBrowser, openPage, overflowingElements, type Page } from "./browser.ts";
import { HOSTILE, pushHostile, TRAP } from "./hostile.ts";
import { serveApp } from "./serve.ts";

const LOOK = { width: 360, scheme: "dark" } as const;

/** Attributes that execute or load something. */
const URL_ATTRIBUTES = "href, src, action, formaction, srcset, data, poster, ping, background, xlink:href";

/** Records calls of the trap, violations of the content security policy, and requests to other hosts. */
async function watch(page: Page, origin: string): Promise<() => Promise<string[]>> {
  const requests: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) requests.push(request.url());
  });
  await page.evaluateOnNewDocument(`
    window.seen = [];
    window.${TRAP} = (number) => seen.push("trap " + number);
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      seen.push(violatedDirective + " " + blockedURI));
  `);
  return async () => [...await page.evaluate("window.seen") as string[], ...requests.splice(0)];
}

/** Elements of the page that could execute or mislead. */
async function suspects(page: Page): Promise<string[]> {
  return await page.evaluate(`(() => {
    const found = [];
    for (const element of document.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name)) found.push(name);
        if (name === "style" || name === "srcdoc") found.push(name);
        if (${JSON.stringify(URL_ATTRIBUTES)}.split(", ").includes(name)) {
          const url = new URL(value, location.href);
          const isOwn = url.origin === location.origin;
          if (!isOwn && (element.tagName !== "A" || !/^(https?|mailto):$/.test(url.protocol))) found.push(value);
          if (url.username + url.password !== "") found.push(value);
        }
      }
      if (/^(IFRAME|OBJECT|EMBED|BASE|STYLE|META)$/.test(element.tagName) &&
        !/^(charset|viewport|color-scheme)$/.test(element.name || element.getAttribute("charset") && "charset")) {
        found.push(element.tagName);
      }
    }
    // Controls that change the direction of other text, and NUL.
    if (/[\\u0000\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)) found.push("controls in the text");
    if (/[\\u0000\\u202a-\\u202e\\u2066-\\u2069]/.test(document.title)) found.push("controls in the title");
    return found;
  })()`) as string[];
}

Deno.test("hostile content executes nothing, and leads nowhere", async () => {
  await using served = await serveApp();
  const { image, sbom } = await pushHostile(served.request);
  const name = "/r/hostile/constructor";
  const text = encodeURIComponent(HOSTILE.replaceAll("\0", "").slice(0, 200));
  const paths = [
    "/",
    `/?q=${text}`,
    name,
    `${name}/-/at/v1`,
    `${name}/-/at/${sbom}`,
    `${name}/-/referrers/${image}`,
    `${name}/-/diff?from=v1&to=v2`,
    `${name}/-/history?tag=v1`,
    `${name}/-/move?digest=${image}`,
    `${name}/-/move?tag=new&digest=${image}`,
    `${name}/-/delete?tag=v1`,
    `${name}/-/delete?digest=${image}`,
    `${name}/-/delete`,
    `/search?q=${text}&in=annotation&in=package`,
    "/search?q=W&in=annotation&in=package",
  ];
  await using browser = await openBrowser();
  await using opened = await openPage(browser, `${served.origin}/`, LOOK);
  const { page, problems } = opened;
  const seen = await watch(page, served.origin);
  for (const path of paths) {
    const response = await page.goto(served.origin + path);
    assertEquals(response?.status(), 200, path);
    assertEquals(await suspects(page), [], path);
    assertEquals(await overflowingElements(page), [], path);
    // Events that hostile attributes listen to.
    await page.evaluate(`document.querySelectorAll("main *").forEach((element) => {
      for (const type of ["mouseover", "error", "load", "focus"]) element.dispatchEvent(new Event(type));
    })`);
    assertEquals([await seen(), problems], [[], []], path);
  }
});

Deno.test("error pages show no part of a hostile address as markup", async () => {
  await using served = await serveApp();
  await using browser = await openBrowser();
  const paths = [
    `/r/${encodeURIComponent(`"><img src=x onerror=${TRAP}(1)>`)}`,
    `/search?q=a&q=${encodeURIComponent(`<script>${TRAP}(2)</script>`)}`,
    `/r/a/-/history?tag=${encodeURIComponent(`<script>${TRAP}(3)</script>`)}`,
    `/login?return_to=javascript:${TRAP}(4)`,
  ];
  await using opened = await openPage(browser, `${served.origin}/`, LOOK);
  const { page } = opened;
  const seen = await watch(page, served.origin);
  for (const path of paths) {
    const response = await page.goto(served.origin + path);
    assert(response!.status() === 400 || response!.status() === 404, path);
    assertEquals([await seen(), await suspects(page)], [[], []], path);
  }
});

Deno.test("pages of accounts are accessible and fit a narrow screen, with hostile names of accounts and tokens", async () => {
  const name = `<img/src=x/onerror=${TRAP}(1)>"'`;
  await using registry = await startSecured({ users: await usersOf(name) });
  await using browser = await openBrowser();
  await using opened = await openPage(browser, `${registry.url}/login?return_to=/account`, LOOK);
  const { page, problems } = opened;
  const seen = await watch(page, registry.url);
  const check = async (where: string) => {
    assertEquals(await suspects(page), [], where);
    assertEquals(await overflowingElements(page), [], where);
    assertEquals(await accessibilityFindings(page), [], where);
    assertEquals([await seen(), problems], [[], []], where);
  };
  await page.reload();
  await check("login");
  await page.type("#username", name);
  await page.type("#password", `${name}'s password`);
  await Promise.all([page.waitForNavigation(), page.click("form[action='/login'] button")]);
  assertEquals(page.url(), `${registry.url}/account`);
  await check("account");
  await page.type("#description", HOSTILE.replace(/\p{C}/gu, "").slice(0, 250));
  await Promise.all([page.waitForNavigation(), page.click("form[action='/account/tokens'] button")]);
  await check("new token");
  await page.goto(`${registry.url}/account`);
  await check("account with a token");
  assertEquals(await page.$$eval("form[action='/account/tokens/revoke']", (forms) => forms.length), 1);
});
