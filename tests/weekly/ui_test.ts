/** Every page of the web UI in Chromium at every width, dark and light, with all of the huge content. */
import { assertEquals } from "@std/assert";
import {
  accessibilityFindings,
  LOOKS,
  openBrowser,
  openPage,
  overflowingElements,
  setLook,
} from "../ui/browser.ts";
import { pushHugePages, pushPages } from "../ui/page_list.ts";
import { serveApp } from "../ui/serve.ts";

Deno.test("every page is accessible and fits the screen in every look", async () => {
  await using served = await serveApp();
  const pages = { ...await pushPages(served.request), ...await pushHugePages(served.request) };
  await using browser = await openBrowser();
  const looks = [...LOOKS, { width: 320, scheme: "light" }, { width: 2560, scheme: "dark" }] as const;
  for (const [name, path] of Object.entries(pages)) {
    await using opened = await openPage(browser, `${served.origin}${path}`, looks[0]!);
    for (const look of looks) {
      const where = `${name} ${JSON.stringify(look)}`;
      await setLook(opened.page, look);
      assertEquals(await overflowingElements(opened.page), [], where);
      assertEquals(await accessibilityFindings(opened.page), [], where);
    }
    assertEquals(opened.problems, [], name);
  }
});
