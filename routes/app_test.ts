import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { parseDigest, RegistryError } from "../oci/mod.ts";
import { fakeApp } from "../tests/harness/app.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);

Deno.test("createApp() logs each request once, with its route and its result", async () => {
  const { request, entries } = fakeApp({
    listTags: (name) => {
      throw new RegistryError("NAME_UNKNOWN", `No ${name}`);
    },
  });
  const before = Date.now();
  const found = await request("/v2/");
  const missing = await request("/v2/team/app/tags/list?n=3&secret=x", {
    headers: { Authorization: "Bearer secret" },
  });
  const unknown = await request("/nowhere");
  assertEquals(
    entries.map(({ method, route, path, status }) => [method, route, path, status]),
    [
      ["GET", "base", "/v2/", 200],
      ["GET", "listTags", "/v2/team/app/tags/list", 404],
      ["GET", undefined, "/nowhere", 404],
    ],
  );
  assert(!JSON.stringify(entries).includes("secret"));
  for (const [index, response] of [found, missing, unknown].entries()) {
    const entry = entries[index]!;
    assertEquals(entry.bytes, (await response.bytes()).byteLength);
    assertEquals(entry.id, response.headers.get("X-Request-Id"));
    assert(entry.time >= before && entry.time <= Date.now());
    assert(entry.duration >= 0);
    assertEquals(entry.error, undefined);
  }
});

Deno.test("createApp() logs no bytes when HEAD or 304 sends none", async () => {
  const { request, entries } = fakeApp({
    statBlob: () => Promise.resolve({ digest: DIGEST, size: 1000, open: () => Promise.reject() }),
  });
  await request(`/v2/a/blobs/${DIGEST}`, { method: "HEAD" });
  await request(`/v2/a/blobs/${DIGEST}`, { method: "HEAD", headers: { "If-None-Match": "*" } });
  assertEquals(entries.map(({ status, bytes }) => [status, bytes]), [[200, 0], [304, 0]]);
});

Deno.test("createApp() cuts the path in the log", async () => {
  const { request, entries } = fakeApp({});
  await (await request(`/${"x".repeat(5000)}`)).body?.cancel();
  assertEquals(entries[0]?.path.length, 512);
});

Deno.test("createApp() gives every request an id of its own, in other processes too", async () => {
  const apps = [fakeApp({}), fakeApp({})];
  const ids = new Set<string | null>();
  for (const { request } of apps) {
    for (let i = 0; i < 3; i++) ids.add((await request("/v2/")).headers.get("X-Request-Id"));
  }
  assertEquals(ids.size, 6);
  for (const id of ids) assertMatch(id ?? "", /^[a-z0-9]+-[a-z0-9]+$/);
});

Deno.test("createApp() believes no id that the client sends", async () => {
  const { request } = fakeApp({});
  const response = await request("/v2/", { headers: { "X-Request-Id": "mine" } });
  assertNotEquals(response.headers.get("X-Request-Id"), "mine");
});

Deno.test("createApp() logs a blob when it has been sent, not when its headers have", async () => {
  const { app, entries } = fakeApp({
    getBlob: () =>
      Promise.resolve({
        digest: DIGEST,
        size: 3,
        open: () => Promise.resolve(new Blob([new Uint8Array(3)]).stream()),
      }),
  });
  const sent = Promise.withResolvers<void>();
  const response = await app.fetch(new Request(`http://localhost/v2/a/blobs/${DIGEST}`), {
    completed: sent.promise,
  });
  assertEquals(entries, []);
  sent.reject(new Error("The client is gone"));
  await response.bytes();
  assertEquals(entries.map(({ route, status, bytes }) => [route, status, bytes]), [["getBlob", 200, 3]]);
});

Deno.test("createApp() refuses a Host that would make another path of the request", async () => {
  const { app, entries } = fakeApp({});
  for (const host of ["a/v2/secret", "a?", "a#b", "a\\b", "a b", "a@b", "://a", "a%2f"]) {
    const request = new Request("http://localhost/v2/", { headers: { Host: host } });
    const response = await app.fetch(request);
    assertEquals(response.status, 400, host);
    await response.body?.cancel();
  }
  for (const host of ["localhost", "registry.example:5000", "[::1]:80", "127.0.0.1", "my_host~1"]) {
    const response = await app.fetch(new Request("http://localhost/v2/", { headers: { Host: host } }));
    assertEquals(response.status, 200, host);
    await response.body?.cancel();
  }
  assertEquals(entries.length, 13);
});

Deno.test("createApp() gives up the body of a request that it answers without reading it", async () => {
  const { request } = fakeApp({});
  let cancelled = 0;
  const body = () => new ReadableStream({ cancel: () => void cancelled++ });
  for (const path of ["/nowhere", "/v2/a/tags/list", "/v2/UPPER/blobs/uploads/"]) {
    const response = await request(path, { method: "POST", body: body() });
    await response.body?.cancel();
  }
  assertEquals(cancelled, 3);
});

Deno.test("createApp() answers 500 and logs a thrown value that is not an error", async () => {
  const { request, entries } = fakeApp({ listTags: () => Promise.reject("text") });
  const response = await request("/v2/a/tags/list");
  assertEquals(response.status, 500);
  await response.body?.cancel();
  assertEquals(entries.map(({ route, error }) => [route, error]), [["listTags", "text"]]);
});

Deno.test("createApp() gives every answer the id of the request and keeps browsers from guessing its type", async () => {
  const { request } = fakeApp({});
  for (
    const [path, method, status] of [
      ["/", "GET", 200],
      ["/", "HEAD", 200],
      ["/livez", "GET", 200],
      ["/livez", "PUT", 405],
      ["/v2", "GET", 200],
      ["/v2/", "HEAD", 200],
      ["/v2/a/tags/list", "PATCH", 405],
      ["/v2/_skerry/tokens", "GET", 404],
      ["/token", "GET", 404],
      ["/nowhere", "GET", 404],
      ["/nowhere", "HEAD", 404],
    ] as const
  ) {
    const response = await request(path, { method });
    assertEquals([path, response.status], [path, status]);
    assertMatch(response.headers.get("X-Request-Id") ?? "", /-/);
    assertEquals(response.headers.get("X-Content-Type-Options"), "nosniff");
    assertEquals(response.headers.has("Allow"), status === 405, path);
    assertEquals(method === "HEAD", (await response.bytes()).byteLength === 0);
  }
});
