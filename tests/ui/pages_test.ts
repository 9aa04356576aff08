/** Pages of the web UI in Chromium: accessibility, widths, colours, hostile content, and no script. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  accessibilityFindings,
  openBrowser,
  openPage,
  overflowingElements,
  type Page,
  setLook,
} from "./browser.ts";
import { TRAP } from "./hostile.ts";
import { EMPTY_PAGES, type PageList, pushHugePages, pushPages } from "./page_list.ts";
import { serveApp } from "./serve.ts";

/** Makes the text of hostile content visible if a page executes it. */
async function setTrap(page: Page): Promise<() => Promise<unknown>> {
  await page.evaluateOnNewDocument(`window.${TRAP} = (number) => (window.trapped ??= []).push(number)`);
  return () => page.evaluate("window.trapped");
}

Deno.test("pages are accessible, fit narrow and wide screens, dark and light, and execute no content", async () => {
  await using empty = await serveApp();
  await using served = await serveApp();
  const pages = { ...await pushPages(served.request), ...await pushHugePages(served.request, 0.02) };
  await using browser = await openBrowser();
  // axe-core looks at every other page narrow and dark, at the others wide and light; tests/weekly/ui_test.ts at all in all.
  const looks = [{ width: 320, scheme: "dark" }, { width: 1280, scheme: "light" }] as const;
  let count = 0;
  const visit = async (origin: string, list: PageList) => {
    await using opened = await openPage(browser, `${origin}/`, looks[0]);
    const { page, problems } = opened;
    const trapped = await setTrap(page);
    for (const [name, path] of Object.entries(list)) {
      const [first, second] = count++ % 2 === 0 ? looks : looks.toReversed();
      await setLook(page, first!);
      await page.goto(`${origin}${path}`);
      assertEquals(await overflowingElements(page), [], name);
      assertEquals(await accessibilityFindings(page), [], name);
      await setLook(page, second!);
      assertEquals(await overflowingElements(page), [], name);
      assertEquals([await trapped(), problems], [undefined, []], name);
    }
  };
  await visit(empty.origin, EMPTY_PAGES);
  await visit(served.origin, pages);
  assert(count > 40);
});

Deno.test("the theme button changes the colours, and the next page remembers it", async () => {
  await using served = await serveApp();
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
