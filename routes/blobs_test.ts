import { assertEquals, assertMatch } from "@std/assert";
import { parseDigest, RegistryError } from "../oci/mod.ts";
import type { BlobReader } from "../registry/interface.ts";
import { fakeApp } from "../tests/harness/app.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const CONTENT = new TextEncoder().encode("0123456789");
const PATH = `/v2/team/app/blobs/${DIGEST}`;

/** An app with one blob of ten bytes, in memory or not, which notes what of it was opened. */
function appWithBlob({ inMemory = false } = {}) {
  const opened: string[] = [];
  const blob: BlobReader = {
    digest: DIGEST,
    size: CONTENT.length,
    open: (range = { first: 0, last: CONTENT.length - 1 }) => {
      opened.push(`${range.first}-${range.last}`);
      return Promise.resolve(new Blob([CONTENT.slice(range.first, range.last + 1)]).stream());
    },
  };
  const { request } = fakeApp({
    statBlob: () => Promise.resolve(blob),
    getBlob: () => Promise.resolve({ ...blob, ...(inMemory && { bytes: CONTENT }) }),
  });
  const get = (headers: Record<string, string> = {}, method = "GET") => request(PATH, { method, headers });
  return { get, opened };
}

Deno.test("getBlob() answers the whole blob as bytes that no browser will run", async () => {
  const response = await appWithBlob().get();
  assertEquals(response.status, 200);
  assertEquals(await response.text(), "0123456789");
  assertEquals(Object.fromEntries(response.headers), {
    "accept-ranges": "bytes",
    "cache-control": "private, no-store, no-transform",
    "content-disposition": "attachment",
    "content-length": "10",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-type": "application/octet-stream",
    "docker-content-digest": DIGEST,
    "etag": `"${DIGEST}"`,
    "x-content-type-options": "nosniff",
    "x-request-id": response.headers.get("X-Request-Id") ?? "",
  });
});

Deno.test("getBlob() answers bytes in memory with the same headers, and opens only ranges", async () => {
  const stored = await appWithBlob().get();
  const { get, opened } = appWithBlob({ inMemory: true });
  for (let round = 0; round < 2; round++) {
    const response = await get();
    for (const { headers } of [stored, response]) headers.delete("X-Request-Id");
    assertEquals([response.status, [...response.headers]], [200, [...stored.headers]]);
    assertEquals(await response.text(), "0123456789");
  }
  await stored.body?.cancel();
  assertEquals(opened, []);
  assertEquals(await (await get({ Range: "bytes=2-4" })).text(), "234");
  assertEquals([(await get({ "If-None-Match": `"${DIGEST}"` })).status, opened], [304, ["2-4"]]);
});

Deno.test("getBlob() answers HEAD with the same headers and opens nothing", async () => {
  const { get, opened } = appWithBlob();
  const whole = await get();
  const head = await get({ Range: "bytes=0-1" }, "HEAD");
  assertEquals(head.status, 200);
  for (const response of [whole, head]) response.headers.delete("X-Request-Id");
  assertEquals([...head.headers], [...whole.headers]);
  assertEquals(await head.text(), "");
  await whole.body?.cancel();
  assertEquals(opened, ["0-9"]);
});

Deno.test("getBlob() answers one range as it is, cut to the blob's end", async () => {
  const rows: [string, string, string][] = [
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-99", "0123456789", "bytes 0-9/10"],
    ["bytes=8-99", "89", "bytes 8-9/10"],
    ["bytes=0-0", "0", "bytes 0-0/10"],
  ];
  for (const [range, text, contentRange] of rows) {
    const response = await appWithBlob().get({ Range: range });
    assertEquals(response.status, 206, range);
    assertEquals(await response.text(), text, range);
    assertEquals(response.headers.get("Content-Range"), contentRange, range);
    assertEquals(response.headers.get("Content-Length"), String(text.length), range);
    assertEquals(response.headers.get("Content-Type"), "application/octet-stream");
    assertEquals(response.headers.get("Docker-Content-Digest"), DIGEST);
  }
});

Deno.test("getBlob() answers several ranges as parts, as many and in the order asked for", async () => {
  const { get, opened } = appWithBlob();
  const response = await get({ Range: "bytes=8-9,0-1,-1" });
  assertEquals(response.status, 206);
  const type = response.headers.get("Content-Type") ?? "";
  assertMatch(type, /^multipart\/byteranges; boundary=/);
  assertEquals(response.headers.get("Content-Range"), null);
  const text = await response.text();
  assertEquals(response.headers.get("Content-Length"), String(text.length));
  const parts = [...text.matchAll(/Content-Range: (bytes [^\r]*)\r\n\r\n([0-9]*)\r\n--/gi)];
  assertEquals(parts.map(([, range, content]) => [range, content]), [
    ["bytes 8-9/10", "89"],
    ["bytes 0-1/10", "01"],
    ["bytes 9-9/10", "9"],
  ]);
  assertEquals(opened, ["8-9", "0-1", "9-9"]);
});

Deno.test("getBlob() answers 416 with the size when no range can be had", async () => {
  for (const range of ["bytes=10-", "bytes=500-600", "bytes=5-0", "bytes=-0"]) {
    const { get, opened } = appWithBlob();
    const response = await get({ Range: range });
    assertEquals(response.status, 416, range);
    assertEquals(response.headers.get("Content-Range"), "bytes */10", range);
    assertEquals(await response.text(), "");
    assertEquals(opened, []);
  }
});

Deno.test("getBlob() answers the whole blob when the range is none that it knows", async () => {
  for (const range of ["items=0-1", "bytes", "bytes=", "bytes=a-b", "0-1"]) {
    const response = await appWithBlob().get({ Range: range });
    assertEquals([response.status, await response.text()], [200, "0123456789"], range);
  }
});

Deno.test("getBlob() heeds If-Range", async () => {
  const { get } = appWithBlob();
  const same = await get({ "Range": "bytes=0-1", "If-Range": `"${DIGEST}"` });
  assertEquals([same.status, await same.text()], [206, "01"]);
  const other = await get({ "Range": "bytes=0-1", "If-Range": '"other"' });
  assertEquals([other.status, await other.text()], [200, "0123456789"]);
});

Deno.test("getBlob() answers 304 to a client that has the blob, and opens no object", async () => {
  const { get, opened } = appWithBlob();
  const headers = { "If-None-Match": `W/"x", "${DIGEST}"`, "Range": "bytes=0-1" };
  for (const method of ["GET", "HEAD"]) {
    const response = await get(headers, method);
    assertEquals([response.status, await response.text()], [304, ""]);
  }
  assertEquals(opened, []);
});

Deno.test("getBlob() answers 412 when If-Match names another and opens nothing", async () => {
  const { get, opened } = appWithBlob();
  const response = await get({ "If-Match": '"other"' });
  assertEquals(response.status, 412);
  assertEquals(opened, []);
  await response.body?.cancel();
});

Deno.test("deleteBlob() answers 202, and 404 when it is not there", async () => {
  const deleted: string[] = [];
  const { request } = fakeApp({
    deleteBlob: (repository, digest) => {
      if (deleted.length > 0) throw new RegistryError("BLOB_UNKNOWN", "No such blob");
      deleted.push(`${repository} ${digest}`);
      return Promise.resolve();
    },
  });
  assertEquals((await request(PATH, { method: "DELETE" })).status, 202);
  const again = await request(PATH, { method: "DELETE" });
  assertEquals((await again.json()).errors[0].code, "BLOB_UNKNOWN");
  assertEquals(deleted, [`team/app ${DIGEST}`]);
});
