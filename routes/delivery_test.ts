import { assertEquals } from "@std/assert";
import { parseDigest } from "../oci/mod.ts";
import { type BlobReader, MAX_SMALL_BLOB_BYTES } from "../registry/interface.ts";
import { fakeApp } from "../tests/harness/app.ts";
import type { Delivery, DeliveryRule } from "./delivery.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const MIB = 1_048_576;
const STORE_URL = "https://s3.example.com/bucket/object?X-Amz-Signature=secret";

interface Options {
  size?: number;
  delivery?: Delivery;
  rules?: DeliveryRule[];
  /** URL of the store; `undefined` if there is none at the moment, `null` if it never has any. */
  url?: string | undefined | null;
}

/** An app with one blob in every repository, which answers the status of a GET. */
function appWithBlob(options: Options = {}) {
  const { size = 2 * MIB, delivery = "redirect", rules = [] } = options;
  const url = "url" in options ? options.url : STORE_URL;
  const blob: BlobReader = {
    digest: DIGEST,
    size,
    ...(url !== null && { url: () => Promise.resolve(url) }),
    open: ({ first, last } = { first: 0, last: size - 1 }) =>
      Promise.resolve(new Blob([new Uint8Array(last - first + 1)]).stream()),
  };
  const { request, entries } = fakeApp({
    statBlob: () => Promise.resolve(blob),
    getBlob: () => Promise.resolve(blob),
  }, { delivery: { delivery, deliveryRules: rules } });
  async function get(
    headers: Record<string, string> = {},
    { origin = "", repository = "team/app", method = "GET" } = {},
  ) {
    return await request(`${origin}/v2/${repository}/blobs/${DIGEST}`, { method, headers });
  }
  async function status(...args: Parameters<typeof get>): Promise<number> {
    const response = await get(...args);
    await response.body?.cancel();
    return response.status;
  }
  return { get, status, entries };
}

Deno.test("redirection() answers 307 that nothing stores, with the digest and without a body", async () => {
  const { get, entries } = appWithBlob();
  const response = await get();
  assertEquals([response.status, await response.text()], [307, ""]);
  const headers = Object.fromEntries(response.headers);
  delete headers["x-request-id"];
  assertEquals(headers, {
    "cache-control": "private, no-store, no-transform",
    "docker-content-digest": DIGEST,
    "location": STORE_URL,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  assertEquals(JSON.stringify(entries).includes("X-Amz-Signature"), false);
});

Deno.test("redirection() leaves HEAD, conditions, small blobs and several ranges to the registry", async () => {
  const { status } = appWithBlob();
  assertEquals(await status({}, { method: "HEAD" }), 200);
  assertEquals(await status({ "If-None-Match": `"${DIGEST}"` }), 304);
  assertEquals(await status({ "If-None-Match": '"other"' }), 307);
  // The store would compare it with its own entity tag.
  assertEquals(await status({ "If-Match": `"${DIGEST}"` }), 200);
  assertEquals(await status({ "If-Match": '"other"' }), 412);
  assertEquals(await status({ "If-Unmodified-Since": "Sat, 28 Nov 2026 10:00:00 GMT" }), 200);
  assertEquals(await status({ Range: "bytes=0-1,4-5" }), 206);
  assertEquals(await status({ Range: "bytes=0-1," }), 206);
  assertEquals(await status({ Range: "bytes=9999999-" }), 416);
  assertEquals(await status({ Range: "items=0-1" }), 200);
  assertEquals(await appWithBlob({ size: MAX_SMALL_BLOB_BYTES }).status(), 200);
  assertEquals(await appWithBlob({ size: MAX_SMALL_BLOB_BYTES + 1 }).status(), 307);
});

Deno.test("redirection() redirects one range, unless the client has the registry's entity tag", async () => {
  const { status } = appWithBlob();
  for (const range of ["bytes=0-1", "bytes=1048576-", "bytes=-5"]) {
    assertEquals(await status({ Range: range }), 307, range);
    assertEquals(await status({ "Range": range, "If-Range": `"${DIGEST}"` }), 206, range);
    assertEquals(await status({ "Range": range, "If-Range": '"of-the-store"' }), 307, range);
  }
});

Deno.test("redirection() sends the bytes itself when the store has no URL, or none now", async () => {
  for (const url of [null, undefined]) assertEquals(await appWithBlob({ url }).status(), 200);
});

Deno.test("redirection() follows the header only as far as the setting allows", async () => {
  const rows: [Delivery, Record<string, string>, number][] = [
    ["proxy", {}, 200],
    ["proxy", { "Skerry-Delivery": "redirect" }, 200],
    ["redirect", {}, 307],
    ["redirect", { "Skerry-Delivery": "proxy" }, 200],
    ["redirect", { "Skerry-Delivery": "unknown" }, 307],
    ["redirect", { "Sec-Fetch-Mode": "cors" }, 307],
    ["auto", {}, 307],
    ["auto", { "Skerry-Delivery": "proxy" }, 200],
    ["auto", { "Sec-Fetch-Mode": "cors" }, 200],
    ["auto", { "Origin": "https://ui.example.com" }, 200],
    ["auto", { "Sec-Fetch-Mode": "cors", "Skerry-Delivery": "redirect" }, 307],
  ];
  for (const [delivery, headers, expected] of rows) {
    const text = `${delivery} ${JSON.stringify(headers)}`;
    assertEquals(await appWithBlob({ delivery }).status(headers), expected, text);
  }
});

Deno.test("redirection() redirects blobs of 1 MiB and more where the setting is auto", async () => {
  const statusOf = (size: number, headers = {}) => appWithBlob({ delivery: "auto", size }).status(headers);
  assertEquals([await statusOf(MIB - 1), await statusOf(MIB)], [200, 307]);
  assertEquals(await statusOf(MIB - 1, { "Skerry-Delivery": "redirect" }), 307);
});

Deno.test("redirection() takes the first rule that matches the repository", async () => {
  const { status } = appWithBlob({
    delivery: "proxy",
    rules: [
      { repositories: ["models/private/**"], delivery: "proxy" },
      { repositories: ["models/**", "data"], delivery: "redirect" },
    ],
  });
  assertEquals(await status({}, { repository: "models/private/a" }), 200);
  assertEquals(await status({}, { repository: "models/public/a" }), 307);
  assertEquals(await status({}, { repository: "data" }), 307);
  assertEquals(await status({}, { repository: "team/app" }), 200);
});

Deno.test("redirection() never leads a client from TLS to plain HTTP", async () => {
  const plain = appWithBlob({ url: "http://s3.internal/object?signed" });
  assertEquals(await plain.status(), 307);
  assertEquals(await plain.status({ "X-Forwarded-Proto": "https" }), 200);
  assertEquals(await plain.status({}, { origin: "https://registry.example.com" }), 200);
  const secure = appWithBlob();
  assertEquals(await secure.status({ "X-Forwarded-Proto": "https" }), 307);
  assertEquals(await secure.status({}, { origin: "https://registry.example.com" }), 307);
});
