/** Pages of the web UI in Chromium. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { pushImage } from "../harness/content.ts";
import { accessibilityFindings, LOOKS, openBrowser, openPage, overflowingElements } from "./browser.ts";
import { serveApp } from "./serve.ts";

Deno.test("pages are accessible and fit every screen, light and dark", async () => {
  await using served = serveApp();
  await pushImage(served.request, "team/app", "v1");
  await using browser = await openBrowser();
  for (const look of LOOKS) {
    await using opened = await openPage(browser, `${served.origin}/`, look);
    assertEquals(await accessibilityFindings(opened.page), [], JSON.stringify(look));
    assertEquals(await overflowingElements(opened.page), [], JSON.stringify(look));
    assertEquals(opened.problems, [], JSON.stringify(look));
  }
});

Deno.test("the theme button changes the colours, and the next page remembers it", async () => {
  await using served = serveApp();
  await using browser = await openBrowser();
  await using opened = await openPage(browser, `${served.origin}/`, { width: 1280, scheme: "light" });
  const { page } = opened;
  const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await background();
  await page.click('button[aria-label="Theme: auto"]');
  assertEquals(await background(), light);
  await page.click('button[aria-label="Theme: light"]');
  const dark = await background();
  assertNotEquals(dark, light);
  await page.reload();
  assertEquals(await background(), dark);
  await page.click('button[aria-label="Theme: dark"]');
  assertEquals(await background(), light);
});
