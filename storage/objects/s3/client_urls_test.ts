import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { ClientUrls } from "./client_urls.ts";
import { Signer } from "./signer.ts";

const MINUTE = 60_000;

/** URLs that live an hour, of a process whose clock and credentials can be changed. */
function makeUrls(expiration?: Date) {
  const state = { now: Date.parse("2026-11-28T10:07:00Z"), expiration, secretAccessKey: "secret" };
  const signer = new Signer({
    region: "eu-central-1",
    url: new URL("https://bucket.example.com"),
    credentials: () =>
      Promise.resolve({
        accessKeyId: "id",
        secretAccessKey: state.secretAccessKey,
        ...(state.expiration && { expiration: state.expiration, sessionToken: "token+/" }),
      }),
  });
  const urls = new ClientUrls(signer, { lifetime: 60 * MINUTE, now: () => state.now });
  return { state, urls };
}

async function parametersOf(urls: ClientUrls): Promise<Record<string, string>> {
  const url = await urls.of("a/b");
  assert(url);
  return Object.fromEntries(new URL(url).searchParams);
}

Deno.test("ClientUrls of() signs for the start of the window and for the whole lifetime", async () => {
  const parameters = await parametersOf(makeUrls().urls);
  assertEquals(parameters["X-Amz-Date"], "20261128T100000Z");
  assertEquals(parameters["X-Amz-Expires"], "3600");
  assertEquals(parameters["response-content-disposition"], "attachment");
  assertEquals(parameters["response-content-type"], "application/octet-stream");
});

Deno.test("ClientUrls of() repeats a URL in every process until the window ends", async () => {
  const { state, urls } = makeUrls();
  const first = await urls.of("a");
  state.now += 8 * MINUTE - 1;
  assertEquals(await urls.of("a"), first);
  const other = makeUrls();
  other.state.now += 5 * MINUTE;
  assertEquals(await other.urls.of("a"), first);
  assertNotEquals(await urls.of("b"), first);
  state.now += 1;
  assertNotEquals(await urls.of("a"), first);
  assertEquals((await parametersOf(urls))["X-Amz-Date"], "20261128T101500Z");
});

Deno.test("ClientUrls of() gives out no URL whose credentials expire within 30 seconds", async () => {
  const { state, urls } = makeUrls(new Date("2026-11-28T10:10:00Z"));
  const first = await urls.of("a");
  assertEquals(new URL(first ?? "").searchParams.get("X-Amz-Security-Token"), "token+/");
  state.now += 2.5 * MINUTE - 1;
  assertEquals(await urls.of("a"), first);
  state.now += 1;
  assertEquals(await urls.of("a"), undefined);
  state.expiration = new Date("2026-11-28T11:10:00Z");
  state.secretAccessKey = "another";
  const second = await urls.of("a");
  assert(second !== undefined && second !== first);
});
