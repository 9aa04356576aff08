import { assertEquals } from "@std/assert";
import { ReadUrls } from "./read_urls.ts";

const MINUTE = 60_000;

/** URLs that tell when they were signed and for how many seconds. */
function makeUrls(credentialsEnd = Infinity) {
  const clock = { now: 0 };
  const signer = {
    readUrl: (key: string, seconds: number, date = new Date()) =>
      Promise.resolve({ url: `${key} ${date.getTime() / MINUTE} ${seconds / 60}`, credentialsEnd }),
  };
  return { clock, urls: new ReadUrls(signer, () => clock.now) };
}

Deno.test("ReadUrls of() signs once for half of the time that a URL holds", async () => {
  const { clock, urls } = makeUrls();
  assertEquals(await urls.of("a"), "a 0 15");
  clock.now = 7 * MINUTE;
  assertEquals(await urls.of("a"), "a 0 15");
  assertEquals(await urls.of("b"), "b 7 15");
  clock.now = 8 * MINUTE;
  assertEquals(await urls.of("a"), "a 8 15");
  assertEquals(await urls.of("b"), "b 7 15");
});

Deno.test("ReadUrls of() signs anew before the credentials end", async () => {
  const { clock, urls } = makeUrls(5 * MINUTE);
  assertEquals(await urls.of("a"), "a 0 15");
  clock.now = 3 * MINUTE;
  assertEquals(await urls.of("a"), "a 0 15");
  clock.now = 4 * MINUTE;
  assertEquals(await urls.of("a"), "a 4 15");
});

Deno.test("ReadUrls forget() has the URL signed anew", async () => {
  const { clock, urls } = makeUrls();
  await urls.of("a");
  await urls.of("b");
  clock.now = MINUTE;
  urls.forget("a");
  assertEquals(await urls.of("a"), "a 1 15");
  assertEquals(await urls.of("b"), "b 0 15");
});
