import { assertEquals, assertRejects } from "@std/assert";
import { S3Error } from "./errors.ts";
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
  return { clock, requests, urlOf: (key: string) => requests.read(key, ({ url }) => Promise.resolve(url)) };
}

Deno.test("ReadRequests read() signs once for half of the time that a URL is valid", async () => {
  const { clock, urlOf } = makeRequests();
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  clock.now = 7 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  assertEquals(await urlOf("b"), "http://s3/b/7/15");
  clock.now = 8 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/8/15");
  assertEquals(await urlOf("b"), "http://s3/b/7/15");
});

Deno.test("ReadRequests read() signs again before the credentials end", async () => {
  const { clock, urlOf } = makeRequests(5 * MINUTE);
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  clock.now = 3 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/0/15");
  clock.now = 4 * MINUTE;
  assertEquals(await urlOf("a"), "http://s3/a/4/15");
});

Deno.test("ReadRequests read() signs again after a 403, and after no other failure", async () => {
  const { clock, requests, urlOf } = makeRequests();
  await urlOf("a");
  await urlOf("b");
  clock.now = MINUTE;
  const failed = (error: Error) => () => Promise.reject(error);
  const answer = (status: number, code: string) => failed(new S3Error("read", "key", { status, code }));
  await assertRejects(() => requests.read("a", answer(403, "AccessDenied")), S3Error);
  await assertRejects(() => requests.read("b", answer(503, "SlowDown")), S3Error);
  await assertRejects(() => requests.read("b", failed(new TypeError("Reset"))), TypeError);
  assertEquals(await urlOf("a"), "http://s3/a/1/15");
  assertEquals(await urlOf("b"), "http://s3/b/0/15");
});
