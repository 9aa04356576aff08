/** Tasks of a reader with the keyboard alone, with and without script. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { focusedName, openBrowser, openPage, type Page } from "./browser.ts";
import { pushRich } from "./rich.ts";
import { serveApp } from "./serve.ts";

/** Presses of Tab after which something is out of reach. */
const MAX_TABS = 120;

/** Moves the focus to the next element of this name. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let presses = 0; presses < MAX_TABS; presses++) {
    await page.keyboard.press("Tab");
    const focused = await focusedName(page);
    if (typeof name === "string" ? focused === name : name.test(focused)) return;
  }
  throw new Error(`Cannot reach "${name}" with Tab from ${page.url()}`);
}

/** Presses Enter on the next element of this name, which leads to another page. */
async function follow(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

/** Text of the content. */
async function textOf(page: Page): Promise<string> {
  return await page.evaluate("document.querySelector('main').innerText") as string;
}

for (const script of [true, false]) {
  const how = script ? "with script" : "without script";

  Deno.test(`a reader finds, compares and searches with the keyboard, ${how}`, async () => {
    await using served = await serveApp();
    await pushRich(served.request);
    await using browser = await openBrowser();
    const look = { width: 1280, scheme: "light", script } as const;
    await using opened = await openPage(browser, `${served.origin}/`, look);
    const { page, problems } = opened;

    await tabTo(page, "Skip to the content");
    await page.keyboard.press("Enter");
    await tabTo(page, "Filter repositories by name");
    await page.keyboard.type("api");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await follow(page, "shop/api");
    assertEquals(new URL(page.url()).pathname, "/r/shop/api");

    await tabTo(page, "From 2.4.1");
    await page.keyboard.press("ArrowDown");
    assertEquals(await focusedName(page), "From 2.4.0");
    await follow(page, "Compare the selected two");
    assertEquals(new URL(page.url()).search, "?to=latest&from=2.4.0");
    assertStringIncludes(await textOf(page), "4 shared, 2 added");
    await follow(page, "shop/api");

    await follow(page, "2.4.1");
    assertStringIncludes(await textOf(page), `docker pull ${new URL(served.origin).host}/shop/api@sha256:`);
    await follow(page, /^Referrers/);
    assertStringIncludes(await textOf(page), "302 packages");
    await follow(page, "shop/api");
    await follow(page, "2 moves");
    assertStringIncludes(await textOf(page), "History of api:latest");

    await tabTo(page, "Search");
    await page.keyboard.type("openssl");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await tabTo(page, "Packages in SBOMs");
    await page.keyboard.press("Space");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    assertStringIncludes(await textOf(page), "openssl 3.5.4");
    assertEquals(problems, []);
  });
}

Deno.test("a reader filters as they type and copies a pull pinned by digest with the keyboard", async () => {
  await using served = await serveApp();
  await pushRich(served.request);
  await using browser = await openBrowser();
  await using opened = await openPage(browser, `${served.origin}/`, { width: 1280, scheme: "light" });
  const { page } = opened;
  await page.browserContext().overridePermissions(served.origin, [
    "clipboard-read",
    "clipboard-sanitized-write",
  ]);
  await tabTo(page, "Filter repositories by name");
  await page.keyboard.type("chart");
  assertEquals(await page.$$eval("#repositories > li:not([hidden]) .name", (found) => found.length), 1);
  assertStringIncludes(await textOf(page), "1 shown");

  await page.goto(`${served.origin}/r/shop/api/-/at/2.4.1`);
  await tabTo(page, "Copy the command for docker, by digest");
  await page.keyboard.press("Enter");
  await page.waitForFunction("document.querySelector('.toast').textContent === 'Copied'");
  const copied = await page.evaluate("navigator.clipboard.readText()") as string;
  assert(/^docker pull 127\.0\.0\.1:\d+\/shop\/api@sha256:[0-9a-f]{64}$/.test(copied), copied);
  assertEquals(await focusedName(page), "Copy the command for docker, by digest");
});

Deno.test("without script, no button is shown that needs it", async () => {
  await using served = await serveApp();
  await pushRich(served.request);
  await using browser = await openBrowser();
  const look = { width: 360, scheme: "light" } as const;
  const url = `${served.origin}/r/shop/api/-/at/2.4.1`;
  for (const script of [true, false]) {
    await using opened = await openPage(browser, url, { ...look, script });
    const visible = await opened.page.$$eval(
      "button.needs-script",
      (found) =>
        found.filter((button) => (button as unknown as { offsetParent: unknown }).offsetParent !== null)
          .length,
    );
    assertEquals(visible > 0, script);
  }
});
