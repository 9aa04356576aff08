import { assertEquals } from "@std/assert";
import { ReadRequests } from "./read_requests.ts";

const MINUTE = 60_000;

/** Requests whose URLs tell when they were signed and for how many minutes. */
function makeRequests(credentialsEnd = Infinity) {
  const clock = { now: 0 };
  const signer = {
    readUrl: (key: string, seconds: number, date = new Date()) =>
      Promise.resolve({ url: `http://s3/${key}/${date.getTime() / MINUTE}/${seconds / 60}`, credentialsEnd }),
  };
  const requests = new ReadRequests(signer, () => clock.now);
  return { clock, requests, urlOf: async (key: string) => (await requests.of(key)).url };
}

Deno.test("ReadRequests of() signs once for half of the time that a URL is valid", async () => {
  const { clock, urlOf } = makeRequests();
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  clock.now = 7 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  assertEquals(await urlOf("b"), "http://s3/b/7/15");
  clock.now = 8 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/8/15");
  assertEquals(await urlOf("b"), "http://s3/b/7/15");
});

Deno.test("ReadRequests of() signs again before the credentials end", async () => {
  const { clock, urlOf } = makeRequests(5 * MINUTE);
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  clock.now = 3 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  clock.now = 4 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/4/15");
});

Deno.test("ReadRequests forget() has the next request signed again", async () => {
  const { clock, requests, urlOf } = makeRequests();
  await urlOf("a");
  await urlOf("b");
  clock.now = MINUTE;
  requests.forget("a");
  assertEquals(await urlOf("a"), "http://s3/a/1/15");
  assertEquals(await urlOf("b"), "http://s3/b/0/15");
});
