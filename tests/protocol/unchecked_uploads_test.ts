// What the conformance suite does not check: uploads, mounts, ranges, and what one repository may see of another.
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { buildApp, testStores } from "../harness/app.ts";
import {
  bytesOf,
  digestOf,
  failureIn,
  pushBlob,
  pushImage,
  type Send,
  startUpload,
} from "../harness/content.ts";

const CONTENT = bytesOf("0123456789");
const MISSING = `sha256:${"0".repeat(64)}`;

/** Sends a chunk with its place in the blob. */
function patch(request: Send, location: string, first: number, bytes: Uint8Array<ArrayBuffer>) {
  const headers = {
    "Content-Range": `${first}-${first + bytes.length - 1}`,
    "Content-Length": `${bytes.length}`,
  };
  return request(location, { method: "PATCH", body: bytes, headers });
}

Deno.test("an upload answers its offset from its first byte to its end", async () => {
  const { request } = buildApp();
  const location = await startUpload(request, "a");
  const standing = async () => {
    const response = await request(location);
    return [response.status, response.headers.get("Range"), response.headers.get("Location")];
  };
  assertEquals(await standing(), [204, "0-0", location]);
  assertEquals((await patch(request, location, 0, CONTENT.slice(0, 4))).headers.get("Range"), "0-3");
  assertEquals(await standing(), [204, "0-3", location]);
  assertEquals((await patch(request, location, 4, CONTENT.slice(4))).headers.get("Range"), "0-9");
  assertEquals(await standing(), [204, "0-9", location]);
  const digest = digestOf(CONTENT);
  assertEquals((await request(`${location}?digest=${digest}`, { method: "PUT" })).status, 201);
  assertEquals(await failureIn(await request(location)), [404, "BLOB_UPLOAD_UNKNOWN"]);
  assertEquals(await (await request(`/v2/a/blobs/${digest}`)).text(), "0123456789");
});

Deno.test("an upload takes the digest's algorithm from digest-algorithm, and any other at its end", async () => {
  const { request } = buildApp();
  for (const query of ["?digest-algorithm=sha512", "?digest-algorithm=sha256", ""]) {
    for (const algorithm of ["sha256", "sha512"] as const) {
      const location = await startUpload(request, "a", query);
      await patch(request, location, 0, CONTENT.slice(0, 4));
      await patch(request, location, 4, CONTENT.slice(4));
      const digest = digestOf(CONTENT, algorithm);
      const response = await request(`${location}?digest=${digest}`, { method: "PUT" });
      assertEquals([response.status, response.headers.get("Docker-Content-Digest")], [201, digest], query);
    }
  }
  for (const algorithm of ["md5", "blake3", "SHA256", "", "sha256&digest-algorithm=sha256"]) {
    const path = `/v2/a/blobs/uploads/?digest-algorithm=${algorithm}`;
    assertEquals((await request(path, { method: "POST" })).status, 400, algorithm);
  }
});

Deno.test("an abandoned upload is unknown once it has expired", async () => {
  let now = 1_000_000;
  const { request } = buildApp({ registry: { now: () => now, uploadExpiry: 1000 } });
  const location = await startUpload(request, "a");
  now += 700;
  assertEquals((await patch(request, location, 0, CONTENT.slice(0, 4))).status, 202);
  now += 900;
  assertEquals((await request(location)).status, 204, "a chunk keeps it alive");
  now += 1000;
  for (const method of ["GET", "PATCH", "DELETE"]) {
    assertEquals((await request(location, { method })).status, 404, method);
  }
  assertEquals((await request(`${location}?digest=${digestOf(CONTENT)}`, { method: "PUT" })).status, 404);
});

Deno.test("an upload continues in another process, and acknowledged bytes outlive the first", async () => {
  const stores = testStores();
  const first = buildApp({ registry: stores });
  const image = await pushImage(first.request, "a", "v1");
  const location = await startUpload(first.request, "a");
  await patch(first.request, location, 0, CONTENT.slice(0, 4));
  const second = buildApp({ registry: stores });
  assertEquals((await second.request("/v2/a/manifests/v1")).headers.get("ETag"), `"${image.digest}"`);
  assertEquals((await second.request(location)).headers.get("Range"), "0-3");
  await patch(second.request, location, 4, CONTENT.slice(4));
  const commit = await second.request(`${location}?digest=${digestOf(CONTENT)}`, { method: "PUT" });
  assertEquals(commit.status, 201);
  assertEquals(await (await first.request(`/v2/a/blobs/${digestOf(CONTENT)}`)).text(), "0123456789");
});

Deno.test("of two chunks for one offset one is stored, and the other gets the present offset", async () => {
  const { request } = buildApp();
  const location = await startUpload(request, "a");
  const chunks = [bytesOf("aaaa"), bytesOf("bbbb"), bytesOf("cccc")];
  const responses = await Promise.all(chunks.map((chunk) => patch(request, location, 0, chunk)));
  const taken = responses.filter(({ status }) => status === 202);
  const refused = responses.filter(({ status }) => status === 416);
  assertEquals([taken.length, refused.length], [1, 2]);
  for (const response of responses) assertEquals(response.headers.get("Range"), "0-3");
  const won = chunks[responses.findIndex(({ status }) => status === 202)]!;
  const commit = await request(`${location}?digest=${digestOf(won)}`, { method: "PUT" });
  assertEquals(commit.status, 201, "no bytes of the others are in between");
});

Deno.test("a commit can be repeated, and a wrong digest creates no blob", async () => {
  const { request } = buildApp();
  const location = await startUpload(request, "a");
  await patch(request, location, 0, CONTENT);
  const digest = digestOf(CONTENT);
  for (let i = 0; i < 2; i++) {
    assertEquals((await request(`${location}?digest=${digest}`, { method: "PUT" })).status, 201);
  }
  const other = await startUpload(request, "a");
  const wrong = await request(`${other}?digest=${MISSING}`, { method: "PUT", body: bytesOf("evil") });
  assertEquals(await failureIn(wrong), [400, "DIGEST_INVALID"]);
  assertEquals((await request(`/v2/a/blobs/${MISSING}`)).status, 404);
  assertEquals((await request(`/v2/a/blobs/${digestOf(bytesOf("evil"))}`)).status, 404);
});

Deno.test("a chunk whose lengths disagree is refused and changes nothing", async () => {
  const { request } = buildApp();
  const location = await startUpload(request, "a");
  const headers = { "Content-Range": "0-4", "Content-Length": "10" };
  const response = await request(location, { method: "PATCH", body: CONTENT, headers });
  assertEquals(await failureIn(response), [400, "SIZE_INVALID"]);
  const stream = new Blob([CONTENT]).stream();
  const longer = await request(location, {
    method: "PATCH",
    body: stream,
    headers: { "Content-Range": "0-4" },
  });
  assertEquals(await failureIn(longer), [400, "SIZE_INVALID"]);
  assertEquals((await request(location)).headers.get("Range"), "0-0");
});

Deno.test("a blob over the largest size answers 413, announced or not", async () => {
  const { request } = buildApp({ registry: { maxBlobSize: 9 } });
  const bodies: RequestInit[] = [
    { body: CONTENT, headers: { "Content-Length": "10" } },
    { body: new Blob([CONTENT]).stream() },
  ];
  for (const body of bodies) {
    const location = await startUpload(request, "a");
    const response = await request(location, { method: "PATCH", ...body });
    assertEquals(await failureIn(response), [413, "SIZE_INVALID"]);
  }
});

Deno.test("mounts link a blob of another repository, named or not, and start an upload for an unknown blob", async () => {
  const { request } = buildApp();
  const digest = await pushBlob(request, "source/repo", CONTENT);
  const mount = (query: string) => request(`/v2/target/blobs/uploads/?${query}`, { method: "POST" });
  const rows: [string, number][] = [
    [`mount=${MISSING}&from=source/repo`, 202],
    [`mount=${MISSING}`, 202],
    [`mount=${digest}&from=other/repo`, 202],
    [`mount=${digest}&from=UPPER`, 202],
    ["mount=sha256:short&from=source/repo", 400],
    [`mount=blake3:${"a".repeat(64)}&from=source/repo`, 400],
    [`mount=${digest}&mount=${digest}&from=source/repo`, 400],
  ];
  for (const [query, status] of rows) assertEquals((await mount(query)).status, status, query);
  assertEquals((await request(`/v2/target/blobs/${digest}`)).status, 404);
  assertEquals((await mount(`mount=${digest}&from=source/repo`)).status, 201);
  assertEquals(await (await request(`/v2/target/blobs/${digest}`)).text(), "0123456789");
  const anonymous = await request(`/v2/third/blobs/uploads/?mount=${digest}`, { method: "POST" });
  assertEquals([anonymous.status, anonymous.headers.get("Location")], [201, `/v2/third/blobs/${digest}`]);
});

Deno.test("several ranges come as parts of one answer, and an absurd set as the whole blob", async () => {
  const { request } = buildApp();
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const path = `/v2/a/blobs/${await pushBlob(request, "a", bytes)}`;
  const ranges = Array.from({ length: 1000 }, (_, i) => [i * 40, i * 40 + 10] as const);
  const spec = ranges.map(([first, last]) => `${first}-${last}`).join(",");
  const response = await request(path, { headers: { Range: `bytes=${spec}` } });
  assertEquals(response.status, 206);
  const boundary = /boundary=(.+)$/.exec(response.headers.get("Content-Type") ?? "")?.[1];
  const text = new TextDecoder("latin1").decode(await response.bytes());
  assertEquals(text.split(`--${boundary}`).length, 1000 + 2);
  assertEquals(
    [...text.matchAll(/Content-Range: bytes ([0-9]+-[0-9]+)\/65536/gi)].map(([, range]) => range),
    [
      ...ranges.map(([first, last]) => `${first}-${last}`),
    ],
  );
  for (const absurd of [Array(1500).fill("0-").join(","), Array(20_000).fill("0-0").join(",")]) {
    const whole = await request(path, { headers: { Range: `bytes=${absurd}` } });
    assertEquals([whole.status, (await whole.bytes()).byteLength], [200, 65_536]);
  }
});

Deno.test("blobs of one repository are in no other until they are pushed or mounted there", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "private/one", "v1");
  const digest = await pushBlob(request, "private/one", CONTENT);
  const paths = [
    `/v2/other/blobs/${digest}`,
    `/v2/private/blobs/${digest}`,
    `/v2/private/one/two/blobs/${digest}`,
    `/v2/other/manifests/${image.digest}`,
    "/v2/other/manifests/v1",
  ];
  for (const path of paths) {
    for (const method of ["HEAD", "GET", "DELETE"]) {
      assertEquals((await request(path, { method })).status, 404, `${method} ${path}`);
    }
    assertEquals((await request(path, { headers: { Range: "bytes=0-1" } })).status, 404, path);
  }
  assertEquals((await request(`/v2/private/one/blobs/${digest}`)).status, 200);
});

Deno.test("a deleted blob is gone from its repository alone", async () => {
  const { request } = buildApp();
  const digest = await pushBlob(request, "a", CONTENT);
  await request(`/v2/b/blobs/uploads/?mount=${digest}&from=a`, { method: "POST" });
  assertEquals((await request(`/v2/a/blobs/${digest}`, { method: "DELETE" })).status, 202);
  assertEquals((await request(`/v2/a/blobs/${digest}`, { method: "DELETE" })).status, 404);
  assertEquals((await request(`/v2/a/blobs/${digest}`, { headers: { Range: "bytes=0-0" } })).status, 404);
  assertEquals(await (await request(`/v2/b/blobs/${digest}`)).text(), "0123456789");
});

Deno.test("upload ids are long, random and made of characters that no client changes", async () => {
  const { request } = buildApp();
  const ids = new Set<string>();
  for (let i = 0; i < 50; i++) ids.add((await startUpload(request, "a")).split("/").at(-1)!);
  assertEquals(ids.size, 50);
  for (const id of ids) assertMatch(id, /^[A-Za-z0-9-]{22,}$/);
  const [first = "", second = ""] = [...ids];
  assert(first.length === second.length);
  assertNotEquals(first.slice(0, 8), second.slice(0, 8));
});
