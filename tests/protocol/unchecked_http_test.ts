// What the conformance suite does not check: the form of errors, and what HTTP itself asks for.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RegistryError, unavailable } from "../../oci/mod.ts";
import { buildApp, fakeApp } from "../harness/app.ts";
import {
  digestOf,
  EMPTY,
  failureIn,
  imageOf,
  pushImage,
  putManifest,
  startUpload,
} from "../harness/content.ts";

const MISSING = `sha256:${"0".repeat(64)}`;

const CODES = [
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "UNAUTHORIZED",
  "DENIED",
  "UNSUPPORTED",
  "TOOMANYREQUESTS",
  "PAGINATION_NUMBER_INVALID",
];

Deno.test("errors have the specification's form, one of the known codes, and the status that belongs to it", async () => {
  const { request } = buildApp({ limits: { maxManifestSize: 2000 } });
  await pushImage(request, "a", "v1");
  const upload = await startUpload(request, "a");
  const rows: [string, string, RequestInit, number, string][] = [
    ["GET", `/v2/a/blobs/${MISSING}`, {}, 404, "BLOB_UNKNOWN"],
    ["GET", "/v2/a/blobs/sha256:short", {}, 400, "DIGEST_INVALID"],
    ["DELETE", `/v2/a/blobs/${MISSING}`, {}, 404, "BLOB_UNKNOWN"],
    ["GET", "/v2/a/manifests/missing", {}, 404, "MANIFEST_UNKNOWN"],
    ["GET", `/v2/a/manifests/${MISSING}`, {}, 404, "MANIFEST_UNKNOWN"],
    ["GET", "/v2/unknown/manifests/v1", {}, 404, "MANIFEST_UNKNOWN"],
    ["DELETE", "/v2/a/manifests/missing", {}, 404, "MANIFEST_UNKNOWN"],
    ["GET", "/v2/UPPER/manifests/v1", {}, 400, "NAME_INVALID"],
    ["POST", "/v2/UPPER/blobs/uploads/", {}, 400, "NAME_INVALID"],
    ["GET", "/v2/unknown/tags/list", {}, 404, "NAME_UNKNOWN"],
    ["PUT", "/v2/a/manifests/v1", { body: "no json" }, 400, "MANIFEST_INVALID"],
    ["PUT", "/v2/a/manifests/v1", { body: "x".repeat(2001) }, 413, "SIZE_INVALID"],
    ["PUT", `/v2/a/manifests/${MISSING}`, { body: imageOf("m").bytes }, 400, "DIGEST_INVALID"],
    ["PATCH", "/v2/a/blobs/uploads/unknown", { body: "x" }, 404, "BLOB_UPLOAD_UNKNOWN"],
    ["PATCH", upload, { body: "x", headers: { "Content-Range": "5-5" } }, 416, "BLOB_UPLOAD_INVALID"],
    ["PUT", `${upload}?digest=nonsense`, {}, 400, "DIGEST_INVALID"],
    ["PUT", upload, {}, 400, "DIGEST_INVALID"],
    ["POST", "/v2/a/blobs/uploads/?digest=nonsense", {}, 400, "DIGEST_INVALID"],
    ["GET", "/v2/a/tags/list?n=x", {}, 400, "PAGINATION_NUMBER_INVALID"],
    ["GET", "/v2/a/referrers/nonsense", {}, 400, "DIGEST_INVALID"],
    ["POST", "/v2/a/manifests/v1", {}, 405, "UNSUPPORTED"],
    ["GET", "/nowhere", {}, 404, "UNSUPPORTED"],
  ];
  for (const [method, path, init, status, code] of rows) {
    const response = await request(path, { method, ...init });
    const what = `${method} ${path}`;
    assertEquals(response.status, status, what);
    assertEquals(response.headers.get("Content-Type"), "application/json", what);
    assertMatch(response.headers.get("Cache-Control") ?? "", /no-store/);
    const body = await response.json();
    assertEquals(Object.keys(body), ["errors"], what);
    assertEquals(body.errors[0].code, code, what);
    for (const error of body.errors) {
      assert(CODES.includes(error.code), error.code);
      assert(Object.keys(error).every((key) => ["code", "message", "detail"].includes(key)), what);
      assertEquals(typeof error.message, "string");
    }
  }
});

Deno.test("errors never say TAG_INVALID, on which docker and podman retry as for an old registry", async () => {
  const { request } = buildApp();
  for (const reference of ["-bad", "bad~tag", "x".repeat(129)]) {
    const response = await putManifest(request, "a", reference, imageOf("m"));
    const text = await response.text();
    assertEquals(response.status, 400);
    assert(!/tag.?invalid/i.test(text), text);
  }
});

Deno.test("names are refused at every endpoint that has one", async () => {
  const { request } = buildApp();
  const long = `${"a/".repeat(127)}aa`;
  for (const name of ["Upper", "a__b_", "a...b", "-a", "a/-b", long]) {
    const requests: [string, string][] = [
      ["GET", `/v2/${name}/manifests/v1`],
      ["HEAD", `/v2/${name}/manifests/v1`],
      ["PUT", `/v2/${name}/manifests/v1`],
      ["DELETE", `/v2/${name}/manifests/v1`],
      ["GET", `/v2/${name}/blobs/${MISSING}`],
      ["DELETE", `/v2/${name}/blobs/${MISSING}`],
      ["POST", `/v2/${name}/blobs/uploads/`],
      ["PATCH", `/v2/${name}/blobs/uploads/1`],
      ["GET", `/v2/${name}/tags/list`],
      ["GET", `/v2/${name}/referrers/${MISSING}`],
      ["GET", `/v2/${name}/_oci/ext/discover`],
      ["GET", `/v2/${name}/_skerry/tags/history?tag=a`],
      ["DELETE", `/v2/${name}/_skerry/repository`],
    ];
    for (const [method, path] of requests) {
      const response = await request(path, { method });
      assertEquals(response.status, 400, `${method} ${path}`);
      if (method !== "HEAD") assertEquals(await failureIn(response), [400, "NAME_INVALID"]);
    }
  }
  const longest = "a/".repeat(127) + "a";
  assertEquals(longest.length, 255);
  assertEquals((await request(`/v2/${longest}/manifests/v1`)).status, 404);
});

Deno.test("the ping answers 200", async () => {
  const { request } = buildApp();
  for (const path of ["/v2/", "/v2", "/v2/?ns=docker.io"]) {
    for (const method of ["GET", "HEAD"]) assertEquals((await request(path, { method })).status, 200);
  }
  assertEquals((await request("/v2/", { method: "POST" })).status, 405);
});

Deno.test("ns= and other parameters that mean nothing here change nothing, at any endpoint", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  const extra = "ns=registry.example%3A5000&origin=b&class=image";
  const paths = [
    "/v2/",
    "/v2/a/manifests/v1",
    `/v2/a/manifests/${image.digest}`,
    `/v2/a/blobs/${digestOf(EMPTY)}`,
    "/v2/a/tags/list",
    `/v2/a/referrers/${image.digest}`,
    "/v2/_catalog",
    "/v2/_oci/ext/discover",
  ];
  for (const path of paths) {
    const [plain, with_] = [await request(path), await request(`${path}?${extra}`)];
    for (const response of [plain, with_]) response.headers.delete("X-Request-Id");
    assertEquals(with_.status, 200, path);
    assertEquals([...with_.headers], [...plain.headers], path);
    assertEquals(await with_.bytes(), await plain.bytes(), path);
  }
  const location = await startUpload(request, "b", `?${extra}`);
  const put = await request(`${location}?${extra}&digest=${digestOf(EMPTY)}`, { method: "PUT", body: EMPTY });
  assertEquals(put.status, 201);
  const pushed = await putManifest(request, "b", `v1?${extra}`, imageOf("m"));
  assertEquals(pushed.status, 201);
});

Deno.test("429 and 503 answers have Retry-After", async () => {
  const tooMany = new RegistryError("TOOMANYREQUESTS", "Slow down", { headers: { "Retry-After": "7" } });
  const rows: [RegistryError, number, string][] = [[tooMany, 429, "7"], [unavailable("Away"), 503, "1"]];
  for (const [error, status, after] of rows) {
    const { request } = fakeApp({ getManifest: () => Promise.reject(error) });
    const response = await request("/v2/a/manifests/v1");
    assertEquals(response.headers.get("Retry-After"), after);
    assertEquals(await failureIn(response), [status, "TOOMANYREQUESTS"]);
  }
});

Deno.test("HEAD answers the headers of GET at every endpoint", async () => {
  const { request } = buildApp();
  const image = await pushImage(request, "a", "v1");
  const upload = await startUpload(request, "a");
  const paths = [
    "/",
    "/livez",
    "/v2/",
    "/v2/a/manifests/v1",
    "/v2/a/manifests/missing",
    `/v2/a/blobs/${digestOf(EMPTY)}`,
    `/v2/a/blobs/${MISSING}`,
    "/v2/a/tags/list",
    `/v2/a/referrers/${image.digest}`,
    "/v2/_catalog",
    upload,
  ];
  for (const path of paths) {
    const [get, head] = [await request(path), await request(path, { method: "HEAD" })];
    for (const response of [get, head]) response.headers.delete("X-Request-Id");
    assertEquals(head.status, get.status, path);
    assertEquals([...head.headers], [...get.headers], path);
    const size = (await get.bytes()).byteLength;
    if (size > 0) assertEquals(get.headers.get("Content-Length"), `${size}`, path);
    assertEquals((await head.bytes()).byteLength, 0, path);
  }
});

Deno.test("no answer has a Warning header, so no client shows one", async () => {
  const { request } = buildApp();
  await pushImage(request, "a", "v1");
  for (const path of ["/v2/", "/v2/a/manifests/v1", "/v2/a/manifests/missing", "/v2/a/tags/list"]) {
    assertEquals((await request(path)).headers.get("Warning"), null);
  }
});
