/**
 * Takes pictures of every page at 360 and 1280 pixels, dark and light:
 * `deno run --lock=tests/deno.lock --allow-all tests/ui/main.ts FOLDER [NAME]`. NAME is part of the names of the pages.
 *
 * @module
 */
import { LOOKS, openBrowser, openPage } from "./browser.ts";
import { EMPTY_PAGES, type PageList, pushHugePages, pushPages } from "./page_list.ts";
import { serveApp } from "./serve.ts";

const [folder, part = ""] = Deno.args;
if (folder === undefined) throw new TypeError("Usage: main.ts FOLDER [NAME]");
await Deno.mkdir(folder, { recursive: true });

await using browser = await openBrowser();

async function take(origin: string, pages: PageList): Promise<void> {
  for (const [name, path] of Object.entries(pages)) {
    if (!name.includes(part)) continue;
    for (const look of LOOKS) {
      await using opened = await openPage(browser, `${origin}${path}`, look);
      await opened.page.screenshot({
        path: `${folder}/${name}-${look.width}-${look.scheme}.png`,
        fullPage: true,
      });
      for (const problem of opened.problems) console.error(`${name}: ${problem}`);
    }
    console.log(name);
  }
}

{
  await using empty = await serveApp();
  await take(empty.origin, EMPTY_PAGES);
}
await using served = await serveApp();
await take(served.origin, { ...await pushPages(served.request), ...await pushHugePages(served.request) });
