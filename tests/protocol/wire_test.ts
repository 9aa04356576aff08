// What only shows on the wire: raw paths, framing, connections that are used again, and clients that break off.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { buildApp } from "../harness/app.ts";
import { bytesOf, digestOf, imageOf, pushBlob, pushImage, startUpload } from "../harness/content.ts";
import { listen, requestHead } from "../harness/wire.ts";

const CONTENT = bytesOf("0123456789".repeat(1000));
const DIGEST = digestOf(CONTENT);

Deno.test("paths that a URL parser would straighten are refused as they stand", async () => {
  const built = buildApp();
  await pushImage(built.request, "a", "v1");
  await using server = listen(built);
  using connection = await server.connect();
  const rows: [string, number][] = [
    ["/v2/a/manifests/v1", 200],
    ["/v2/./a/manifests/v1", 400],
    ["/v2/b/../a/manifests/v1", 400],
    ["/v2/a/manifests/../manifests/v1", 400],
    ["/v2/%61/manifests/v1", 400],
    ["/v2/a%2fb/manifests/v1", 400],
    ["/v2/a/manifests/%76%31", 404],
    ["/v2//a/manifests/v1", 400],
    ["//v2/a/manifests/v1", 404],
    ["/v2/a/manifests//v1", 404],
    ["/v2/a\\b/manifests/v1", 400],
    ["/%76%32/a/manifests/v1", 404],
    ["/V2/a/manifests/v1", 404],
    ["/x/../v2/a/manifests/v1", 404],
    ["/v2/a/manifests/v1/", 404],
    ["/v2/a/manifests/v1%00", 404],
    ["/v2/a/manifests/v1;x=y", 404],
    [`/v2/${"../".repeat(20)}etc/manifests/passwd`, 400],
    ["/v2/\xe9/manifests/v1", 400],
  ];
  for (const [target, status] of rows) {
    assertEquals((await connection.request("GET", target)).status, status, target);
  }
});

Deno.test("an absolute target counts by its path, and its host is never repeated", async () => {
  await using server = listen(buildApp());
  using connection = await server.connect();
  const answer = await connection.request("POST", "http://evil.example/v2/a/blobs/uploads/");
  assertEquals(answer.status, 202);
  assertMatch(answer.headers.get("location") ?? "", /^\/v2\/a\/blobs\/uploads\/[A-Za-z0-9-]+$/);
  assertEquals((await connection.request("OPTIONS", "*")).status, 404);
  assertEquals((await connection.request("CONNECT", "evil.example:443")).status, 404);
});

Deno.test("a target whose host is none is refused, since others read another path in it", async () => {
  await using server = listen(buildApp());
  using connection = await server.connect();
  for (const target of ["http://x#/v2/", "http://a@b/v2/", "http://a%2f/v2/"]) {
    assertEquals((await connection.request("GET", target)).status, 400, target);
  }
  assertEquals((await connection.request("GET", "http://x/v2/")).status, 200);
});

Deno.test("a Host that holds a path does not change the path", async () => {
  const built = buildApp();
  await pushImage(built.request, "secret", "v1");
  await using server = listen(built);
  for (const host of ["x/v2/secret/manifests/v1?", "x?", "x#", "x/..", "://x/y"]) {
    using connection = await server.connect();
    assertEquals((await connection.request("GET", "/v2/", { Host: host })).status, 400, host);
  }
});

Deno.test("HEAD answers true lengths without a body, and leaves the connection usable", async () => {
  const built = buildApp();
  const image = await pushImage(built.request, "a", "v1");
  await pushBlob(built.request, "a", CONTENT);
  await using server = listen(built);
  using connection = await server.connect();
  const rows: [string, number, number][] = [
    [`/v2/a/blobs/${DIGEST}`, 200, CONTENT.length],
    ["/v2/a/manifests/v1", 200, image.size],
    [`/v2/a/blobs/sha256:${"0".repeat(64)}`, 404, -1],
    ["/v2/", 200, 2],
  ];
  for (const [target, status, length] of rows) {
    const head = await connection.request("HEAD", target);
    assertEquals(head.status, status, target);
    if (length >= 0) assertEquals(head.headers.get("content-length"), `${length}`, target);
  }
  assertEquals((await connection.request("GET", "/v2/")).status, 200);
});

Deno.test("answers have a length and no compression, with any Accept-Encoding", async () => {
  const built = buildApp();
  const image = await pushImage(built.request, "a", "v1", "compressible ".repeat(500));
  await pushBlob(built.request, "a", CONTENT);
  await using server = listen(built);
  using connection = await server.connect();
  const accept = { "Accept-Encoding": "zstd;q=1.0, br, gzip;q=0.8, deflate;q=0.5" };
  for (
    const [target, bytes] of [["/v2/a/manifests/v1", image.bytes], [
      `/v2/a/blobs/${DIGEST}`,
      CONTENT,
    ]] as const
  ) {
    const answer = await connection.request("GET", target, accept);
    assertEquals(answer.body, bytes);
    assertEquals(answer.headers.get("content-encoding"), undefined);
    assertEquals(answer.headers.get("transfer-encoding"), undefined);
  }
  const manifest = await connection.request("GET", "/v2/a/manifests/v1");
  assertEquals(manifest.headers.get("content-type"), image.mediaType);
});

Deno.test("304, 204 and 202 have no body that the next answer would begin with", async () => {
  const built = buildApp();
  await pushImage(built.request, "a", "v1");
  const location = await startUpload(built.request, "a");
  await using server = listen(built);
  using connection = await server.connect();
  assertEquals((await connection.request("GET", "/v2/a/manifests/v1", { "If-None-Match": "*" })).status, 304);
  assertEquals((await connection.request("GET", location)).status, 204);
  assertEquals((await connection.request("DELETE", location)).status, 204);
  assertEquals((await connection.request("DELETE", "/v2/a/manifests/v1")).status, 202);
  assertEquals((await connection.request("GET", "/v2/")).status, 200);
});

Deno.test("bodies come chunked or with a length, and after 100 Continue", async () => {
  await using server = listen(buildApp());
  using connection = await server.connect();
  const post = await connection.request("POST", "/v2/a/blobs/uploads/", { "Content-Length": "0" });
  const location = post.headers.get("location") ?? "";
  await connection.send(requestHead("PATCH", location, { "Transfer-Encoding": "chunked" }));
  await connection.send("5\r\nhello\r\n");
  await connection.send("1;ext=x\r\n \r\n0\r\n\r\n");
  assertEquals((await connection.answer()).headers.get("range"), "0-5");
  await connection.send(requestHead("PATCH", location, { "Content-Length": "5", "Expect": "100-continue" }));
  await connection.send("world");
  assertEquals((await connection.answer()).headers.get("range"), "0-10");
  const digest = digestOf(bytesOf("hello world"));
  const put = await connection.request("PUT", `${location}?digest=${digest}`, { "Content-Length": "0" });
  assertEquals(put.status, 201);
});

Deno.test("a chunked manifest is let go at the limit while its client is still sending", async () => {
  await using server = listen(buildApp({ limits: { maxManifestSize: 65_536 } }));
  using connection = await server.connect();
  await connection.send(requestHead("PUT", "/v2/a/manifests/v1", { "Transfer-Encoding": "chunked" }));
  for (let i = 0; i < 3; i++) await connection.send(`8000\r\n${"x".repeat(0x8000)}\r\n`);
  assertEquals((await connection.answer()).status, 413);
});

Deno.test("a request that is answered before its body has come leaves the connection usable", async () => {
  await using server = listen(buildApp({ limits: { maxManifestSize: 1000 } }));
  using connection = await server.connect();
  const body = new Uint8Array(200_000);
  const rows: [string, string, number][] = [
    ["PATCH", "/v2/a/blobs/uploads/unknown", 404],
    ["PUT", "/v2/a/manifests/v1", 413],
    ["PUT", "/v2/a/blobs/uploads/unknown?digest=bad", 400],
    ["POST", "/nowhere", 404],
    ["POST", "/v2/a/blobs/uploads/", 202],
  ];
  for (const [method, target, status] of rows) {
    await connection.send(requestHead(method, target, { "Content-Length": `${body.length}` }));
    await connection.send(body);
    assertEquals((await connection.answer(method)).status, status, `${method} ${target}`);
    assertEquals((await connection.request("GET", "/v2/")).status, 200, `after ${method} ${target}`);
  }
});

Deno.test("a refusal does not wait for the body that was announced, with 100 Continue or without", async () => {
  await using server = listen(buildApp({ limits: { maxManifestSize: 1000 } }));
  for (const expect of [{}, { Expect: "100-continue" }]) {
    using connection = await server.connect();
    const headers = { "Content-Length": "200000", ...expect };
    await connection.send(requestHead("PUT", "/v2/a/manifests/v1", headers));
    assertEquals((await connection.answer()).status, 413);
  }
});

Deno.test("an upload whose client disconnects keeps its received bytes, and can continue", async () => {
  const built = buildApp();
  const location = await startUpload(built.request, "a");
  await using server = listen(built);
  const connection = await server.connect();
  await connection.send(requestHead("PATCH", location, { "Content-Length": `${CONTENT.length}` }));
  await connection.send(CONTENT.slice(0, 4000));
  connection.close();
  while (built.entries.filter(({ route }) => route === "appendUpload").length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const entry = built.entries.find(({ route }) => route === "appendUpload");
  assertEquals([entry?.status, entry?.error], [400, undefined]);
  const range = (await built.request(location)).headers.get("Range") ?? "";
  const offset = Number(range.slice(2)) + 1;
  assert(offset === 4000, range);
  const rest = await built.request(`${location}?digest=${DIGEST}`, {
    method: "PUT",
    body: CONTENT.slice(offset),
  });
  assertEquals(rest.status, 201);
});

Deno.test("a manifest whose client breaks off is not stored, and is no error of ours", async () => {
  const built = buildApp();
  await using server = listen(built);
  const connection = await server.connect();
  const { bytes } = imageOf("m");
  await connection.send(requestHead("PUT", "/v2/a/manifests/v1", { "Content-Length": `${bytes.length}` }));
  await connection.send(bytes.slice(0, 40));
  connection.close();
  while (built.entries.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([built.entries[0]?.status, built.entries[0]?.error], [400, undefined]);
  assertEquals((await built.request("/v2/a/manifests/v1")).status, 404);
});

Deno.test("a request within a request is never answered", async () => {
  const built = buildApp();
  await pushImage(built.request, "a", "v1");
  await using server = listen(built);
  const smuggled = requestHead("DELETE", "/v2/a/manifests/v1");
  const attempts: Record<string, string>[] = [
    { "Content-Length": "4", "Transfer-Encoding": "chunked" },
    { "Transfer-Encoding": "chunked, identity" },
    { "Content-Length": `${smuggled.length}, 0` },
    { "Content-Length": "+5" },
  ];
  for (const headers of attempts) {
    using connection = await server.connect();
    await connection.send(requestHead("PATCH", "/v2/a/blobs/uploads/x", headers));
    await connection.send(`0\r\n\r\n${smuggled}`);
    assertEquals((await connection.answer()).status, 400, JSON.stringify(headers));
    assert(await connection.closed(), JSON.stringify(headers));
  }
  assertEquals((await built.request("/v2/a/manifests/v1")).status, 200);
});

Deno.test("a blob whose reader goes away is closed, and the next one is read whole", async () => {
  const built = buildApp();
  const large = new Uint8Array(8_000_000).fill(7);
  const digest = await pushBlob(built.request, "a", large);
  await using server = listen(built);
  for (let i = 0; i < 3; i++) {
    const connection = await server.connect();
    await connection.send(requestHead("GET", `/v2/a/blobs/${digest}`));
    connection.close();
  }
  using connection = await server.connect();
  const { body } = await connection.request("GET", `/v2/a/blobs/${digest}`);
  assertEquals(digestOf(body), digest);
  assertEquals(built.entries.filter(({ error }) => error !== undefined), []);
});
