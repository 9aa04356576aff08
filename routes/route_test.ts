import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../oci/mod.ts";
import { splitUrl } from "./http/mod.ts";
import { parseRoute } from "./route.ts";

const HEX = "a".repeat(64);
const SHA256 = `sha256:${HEX}`;
const SHA512 = `sha512:${"b".repeat(128)}`;
const BLAKE3 = `blake3:${HEX}`;

/** The route of a request to some host, the path and query as they stand on the wire. */
function parse(method: string, path: string): Record<string, unknown> {
  return { ...parseRoute(method, splitUrl(`http://registry.example:5000${path}`)) };
}

function assertRefused(method: string, path: string, status: number, code: string): RegistryError {
  const error = assertThrows(() => parse(method, path), RegistryError, undefined, `${method} ${path}`);
  assertEquals([error.status, error.code], [status, code], `${method} ${path}`);
  return error;
}

Deno.test("parseRoute() reads every row of the endpoint table", () => {
  const repository = "team/app";
  const rows: [string, string, Record<string, unknown>][] = [
    ["GET", "/", { kind: "home" }],
    ["GET", "/livez", { kind: "live" }],
    ["GET", "/readyz", { kind: "ready" }],
    ["GET", "/startupz", { kind: "startup" }],
    ["GET", "/v2/", { kind: "base" }],
    ["GET", "/v2", { kind: "base" }],
    ["GET", `/v2/team/app/blobs/${SHA256}`, { kind: "getBlob", repository, digest: SHA256 }],
    ["GET", `/v2/team/app/blobs/${SHA512}`, { kind: "getBlob", repository, digest: SHA512 }],
    ["DELETE", `/v2/team/app/blobs/${SHA256}`, { kind: "deleteBlob", repository, digest: SHA256 }],
    ["GET", "/v2/team/app/manifests/v1", { kind: "getManifest", repository, reference: { tag: "v1" } }],
    ["GET", `/v2/team/app/manifests/${SHA512}`, {
      kind: "getManifest",
      repository,
      reference: { digest: SHA512 },
    }],
    ["PUT", "/v2/team/app/manifests/v1", {
      kind: "putManifest",
      repository,
      reference: { tag: "v1" },
      tags: [],
    }],
    ["PUT", `/v2/team/app/manifests/${SHA256}?tag=a&tag=b&tag=a`, {
      kind: "putManifest",
      repository,
      reference: { digest: SHA256 },
      tags: ["a", "b"],
    }],
    ["DELETE", "/v2/team/app/manifests/v1", {
      kind: "deleteManifest",
      repository,
      reference: { tag: "v1" },
    }],
    ["POST", "/v2/team/app/blobs/uploads/", { kind: "startUpload", repository }],
    ["POST", "/v2/team/app/blobs/uploads/?digest-algorithm=sha512", {
      kind: "startUpload",
      repository,
      algorithm: "sha512",
    }],
    ["POST", `/v2/team/app/blobs/uploads/?digest=${SHA256}`, { kind: "putBlob", repository, digest: SHA256 }],
    ["POST", `/v2/team/app/blobs/uploads/?mount=${SHA256}&from=other`, {
      kind: "mountBlob",
      repository,
      digest: SHA256,
      from: "other",
    }],
    ["POST", `/v2/team/app/blobs/uploads/?mount=${SHA256}`, {
      kind: "mountBlob",
      repository,
      digest: SHA256,
    }],
    ["GET", "/v2/team/app/blobs/uploads/Ab-9", { kind: "getUpload", repository, id: "Ab-9" }],
    ["PATCH", "/v2/team/app/blobs/uploads/Ab-9", { kind: "appendUpload", repository, id: "Ab-9" }],
    ["PUT", `/v2/team/app/blobs/uploads/Ab-9?digest=${SHA256}`, {
      kind: "commitUpload",
      repository,
      id: "Ab-9",
      digest: SHA256,
    }],
    ["DELETE", "/v2/team/app/blobs/uploads/Ab-9", { kind: "cancelUpload", repository, id: "Ab-9" }],
    ["GET", "/v2/team/app/tags/list", { kind: "listTags", repository, page: {} }],
    ["GET", "/v2/team/app/tags/list?n=7&last=v1", {
      kind: "listTags",
      repository,
      page: { limit: 7, after: "v1" },
    }],
    ["GET", `/v2/team/app/referrers/${SHA256}`, {
      kind: "listReferrers",
      repository,
      subject: SHA256,
      artifactTypes: [],
    }],
    ["GET", `/v2/team/app/referrers/${SHA256}?artifactType=a/b&artifactType=c/d&last=${SHA512}`, {
      kind: "listReferrers",
      repository,
      subject: SHA256,
      artifactTypes: ["a/b", "c/d"],
      after: SHA512,
    }],
    ["GET", "/v2/_catalog?n=2&last=a", { kind: "listRepositories", page: { limit: 2, after: "a" } }],
    ["GET", "/v2/_oci/ext/discover", { kind: "discover" }],
    ["GET", "/v2/team/app/_oci/ext/discover", { kind: "discover", repository }],
    ["GET", "/v2/team/app/_skerry/tags/history?tag=v1", { kind: "getTagHistory", repository, tag: "v1" }],
    ["DELETE", "/v2/team/app/_skerry/repository", { kind: "deleteRepository", repository }],
  ];
  for (const [method, path, route] of rows) assertEquals(parse(method, path), route, `${method} ${path}`);
});

Deno.test("parseRoute() takes HEAD for what GET is", () => {
  const paths = [
    "/",
    "/livez",
    "/v2/",
    "/v2/a/manifests/v1",
    `/v2/a/blobs/${SHA256}`,
    "/v2/a/blobs/uploads/1",
    "/v2/a/tags/list",
    `/v2/a/referrers/${SHA256}`,
    "/v2/_catalog",
    "/v2/_oci/ext/discover",
    "/v2/a/_skerry/tags/history?tag=x",
  ];
  for (const path of paths) assertEquals(parse("HEAD", path), parse("GET", path), path);
});

Deno.test("parseRoute() reads names from the right when they hold the words of paths", () => {
  const rows: [string, string, string, string][] = [
    ["GET", "/v2/tags/list/manifests/x", "getManifest", "tags/list"],
    ["GET", "/v2/manifests/manifests/manifests", "getManifest", "manifests"],
    ["GET", "/v2/a/manifests/tags/list", "listTags", "a/manifests"],
    ["GET", "/v2/tags/tags/list", "listTags", "tags"],
    ["GET", "/v2/a/blobs/uploads/tags/list", "listTags", "a/blobs/uploads"],
    ["GET", `/v2/blobs/uploads/blobs/${SHA256}`, "getBlob", "blobs/uploads"],
    ["POST", "/v2/blobs/uploads/blobs/uploads/", "startUpload", "blobs/uploads"],
    ["GET", "/v2/blobs/blobs/uploads/list", "getUpload", "blobs"],
    ["GET", `/v2/referrers/referrers/${SHA256}`, "listReferrers", "referrers"],
    ["GET", "/v2/ext/discover/manifests/ext", "getManifest", "ext/discover"],
    ["GET", "/v2/ext/_oci/ext/discover", "discover", "ext"],
    ["GET", "/v2/tags/history/_skerry/tags/history?tag=a", "getTagHistory", "tags/history"],
    ["DELETE", "/v2/manifests/repository/_skerry/repository", "deleteRepository", "manifests/repository"],
  ];
  for (const [method, path, kind, repository] of rows) {
    const route = parse(method, path);
    assertEquals([route.kind, route.repository], [kind, repository], `${method} ${path}`);
  }
});

Deno.test("parseRoute() ignores parameters that no endpoint has", () => {
  assertEquals(
    parse("POST", "/v2/a/blobs/uploads/?ns=docker.io&origin=b&class=image"),
    { kind: "startUpload", repository: "a" },
  );
  assertEquals(parse("GET", "/v2/?ns=docker.io"), { kind: "base" });
});

Deno.test("parseRoute() answers 404 when nothing is at the path", () => {
  const paths = [
    "/v1/",
    "/v3/",
    "/v2x",
    "/V2/",
    "//v2/",
    "/v2/a",
    "/v2/a/b/c",
    "/v2/a/tags",
    "/v2/a/tags/other",
    "/v2/a/tags/history",
    "/v2/a/uploads/1",
    "/v2/_catalog/",
    "/v2/a/_catalog",
    "/v2/_oci/ext/other",
    "/v2/a/_other/ext/discover",
    "/v2/a/_skerry/other",
    "/v2/a/repository",
    "/%76%32/",
    "/v2/../v2/",
    "/.",
    "/livez/",
    "/favicon.ico",
  ];
  for (const path of paths) assertRefused("GET", path, 404, "UNSUPPORTED");
});

Deno.test("parseRoute() answers 405 with Allow when the path has no such method", () => {
  const rows: [string, string][] = [
    ["/", "GET, HEAD"],
    ["/livez", "GET, HEAD"],
    ["/v2/", "GET, HEAD"],
    ["/v2/a/manifests/v1", "GET, HEAD, PUT, DELETE"],
    [`/v2/a/blobs/${SHA256}`, "GET, HEAD, DELETE"],
    ["/v2/a/blobs/uploads/", "POST"],
    ["/v2/a/blobs/uploads/1", "GET, HEAD, PATCH, PUT, DELETE"],
    ["/v2/a/tags/list", "GET, HEAD"],
    [`/v2/a/referrers/${SHA256}`, "GET, HEAD"],
    ["/v2/_catalog", "GET, HEAD"],
    ["/v2/_oci/ext/discover", "GET, HEAD"],
    ["/v2/a/_skerry/tags/history?tag=x", "GET, HEAD"],
    ["/v2/a/_skerry/repository", "DELETE"],
  ];
  const methods = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "FOO",
  ];
  for (const [path, allow] of rows) {
    for (const method of methods) {
      if (allow.split(", ").includes(method)) continue;
      const error = assertRefused(method, path, 405, "UNSUPPORTED");
      assertEquals(error.headers.Allow, allow, `${method} ${path}`);
    }
  }
});

Deno.test("parseRoute() refuses names outside the grammar as they stand in the path", () => {
  const names = [
    "",
    "A",
    "a/",
    "/a",
    "a//b",
    ".",
    "..",
    "../a",
    "a/..",
    "a/../b",
    "a/./b",
    "a%2fb",
    "%61",
    "a%00",
    "a\\b",
    "a b",
    "a+b",
    "a:b",
    "a@b",
    "-a",
    "a-",
    "a___b",
    "a..b",
    "é",
    "_oci",
    "a".repeat(256),
  ];
  for (const name of names) {
    assertRefused("GET", `/v2/${name}/manifests/v1`, 400, "NAME_INVALID");
    assertRefused("GET", `/v2/${name}/blobs/${SHA256}`, 400, "NAME_INVALID");
    assertRefused("GET", `/v2/${name}/tags/list`, 400, "NAME_INVALID");
    assertRefused("POST", `/v2/${name}/blobs/uploads/`, 400, "NAME_INVALID");
    assertRefused("PATCH", `/v2/${name}/blobs/uploads/1`, 400, "NAME_INVALID");
  }
});

Deno.test("parseRoute() refuses digests that are malformed", () => {
  const digests = [
    `sha256:${HEX.toUpperCase()}`,
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX}a`,
    `sha256:${"g".repeat(64)}`,
    `SHA256:${HEX}`,
    `sha512:${HEX}`,
    "sha256:baddigeststring",
    "sha256:",
    `:${HEX}`,
    `sha256::${HEX}`,
    `sha256%3A${HEX}`,
    "sha256:..",
    `sha256:${HEX}%00`,
  ];
  for (const digest of digests) {
    for (const method of ["GET", "DELETE"]) {
      assertRefused(method, `/v2/a/blobs/${digest}`, 400, "DIGEST_INVALID");
    }
    assertRefused("GET", `/v2/a/referrers/${digest}`, 400, "DIGEST_INVALID");
    if (!digest.includes("%")) {
      assertRefused("GET", `/v2/a/manifests/${digest}`, 400, "DIGEST_INVALID");
      assertRefused("PUT", `/v2/a/manifests/${digest}`, 400, "DIGEST_INVALID");
      assertRefused("PUT", `/v2/a/blobs/uploads/1?digest=${digest}`, 400, "DIGEST_INVALID");
      assertRefused("POST", `/v2/a/blobs/uploads/?digest=${digest}`, 400, "DIGEST_INVALID");
      assertRefused("POST", `/v2/a/blobs/uploads/?mount=${digest}&from=b`, 400, "DIGEST_INVALID");
    }
  }
});

Deno.test("parseRoute() knows nothing stored under an algorithm that it can't compute", () => {
  assertRefused("GET", `/v2/a/blobs/${BLAKE3}`, 404, "BLOB_UNKNOWN");
  assertRefused("DELETE", `/v2/a/blobs/${BLAKE3}`, 404, "BLOB_UNKNOWN");
  assertRefused("GET", `/v2/a/manifests/${BLAKE3}`, 404, "MANIFEST_UNKNOWN");
  assertRefused("DELETE", `/v2/a/manifests/${BLAKE3}`, 404, "MANIFEST_UNKNOWN");
});

Deno.test("parseRoute() takes no algorithm that it can't compute for what is pushed", () => {
  assertRefused("PUT", `/v2/a/manifests/${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("PUT", `/v2/a/blobs/uploads/1?digest=${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("POST", `/v2/a/blobs/uploads/?digest=${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("POST", `/v2/a/blobs/uploads/?mount=${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("POST", "/v2/a/blobs/uploads/?digest-algorithm=blake3", 400, "DIGEST_INVALID");
  assertRefused("POST", "/v2/a/blobs/uploads/?digest-algorithm=SHA256", 400, "DIGEST_INVALID");
});

Deno.test("parseRoute() lists referrers of a subject whose algorithm it can't compute", () => {
  assertEquals(parse("GET", `/v2/a/referrers/${BLAKE3}`).subject, BLAKE3);
});

Deno.test("parseRoute() finds no manifest when the reference is neither tag nor digest", () => {
  for (const reference of [".INVALID_MANIFEST_NAME", "", "-a", "a".repeat(129), "a%20b", ".."]) {
    assertRefused("GET", `/v2/a/manifests/${reference}`, 404, "MANIFEST_UNKNOWN");
    assertRefused("DELETE", `/v2/a/manifests/${reference}`, 404, "MANIFEST_UNKNOWN");
    assertRefused("PUT", `/v2/a/manifests/${reference}`, 400, "MANIFEST_INVALID");
  }
});

Deno.test("parseRoute() knows no upload when the id is none", () => {
  for (const id of ["a_b", "a.b", "..", "a%2d", "a:b", "x".repeat(129)]) {
    assertRefused("PATCH", `/v2/a/blobs/uploads/${id}`, 404, "BLOB_UPLOAD_UNKNOWN");
  }
});

Deno.test("parseRoute() wants one digest when an upload is committed", () => {
  assertRefused("PUT", "/v2/a/blobs/uploads/1", 400, "DIGEST_INVALID");
  assertRefused("PUT", "/v2/a/blobs/uploads/1?digest=", 400, "DIGEST_INVALID");
});

Deno.test("parseRoute() refuses a parameter that stands twice", () => {
  const rows: [string, string][] = [
    ["PUT", `/v2/a/blobs/uploads/1?digest=${SHA256}&digest=${SHA256}`],
    ["POST", `/v2/a/blobs/uploads/?digest=${SHA256}&digest=${SHA512}`],
    ["POST", `/v2/a/blobs/uploads/?mount=${SHA256}&mount=${SHA512}`],
    ["POST", `/v2/a/blobs/uploads/?mount=${SHA256}&from=b&from=c`],
    ["POST", "/v2/a/blobs/uploads/?digest-algorithm=sha256&digest-algorithm=sha512"],
    ["GET", "/v2/a/tags/list?n=1&n=2"],
    ["GET", "/v2/a/tags/list?last=1&last=2"],
    ["GET", "/v2/a/_skerry/tags/history?tag=a&tag=b"],
  ];
  for (const [method, path] of rows) assertRefused(method, path, 400, "UNSUPPORTED");
});

Deno.test("parseRoute() makes an upload of a mount when its source can be no repository", () => {
  for (const from of ["", "UPPER", "../b", "a b"]) {
    assertEquals(
      parse("POST", `/v2/a/blobs/uploads/?mount=${SHA256}&from=${from}`),
      { kind: "startUpload", repository: "a" },
      from,
    );
  }
});

Deno.test("parseRoute() refuses a page size that is no natural number", () => {
  for (const n of ["-1", "1.5", "x", "0x10", "1e3", "%201", "٣"]) {
    assertRefused("GET", `/v2/a/tags/list?n=${n}`, 400, "PAGINATION_NUMBER_INVALID");
    assertRefused("GET", `/v2/_catalog?n=${n}`, 400, "PAGINATION_NUMBER_INVALID");
    assertRefused("GET", `/v2/_skerry/tokens?n=${n}`, 400, "PAGINATION_NUMBER_INVALID");
  }
});

Deno.test("parseRoute() takes an empty page size as none", () => {
  for (const path of ["/v2/a/tags/list", "/v2/_catalog", "/v2/_skerry/tokens"]) {
    assertEquals(parse("GET", `${path}?n=&last=x`).page, { after: "x" }, path);
  }
});

Deno.test("parseRoute() bounds a page size of any number of digits (CVE-2023-2253)", () => {
  assertEquals(parse("GET", `/v2/a/tags/list?n=${"9".repeat(400)}`).page, {
    limit: Number.MAX_SAFE_INTEGER,
  });
  assertEquals(parse("GET", "/v2/a/tags/list?n=000").page, { limit: 0 });
});

Deno.test("parseRoute() cuts a `last` that is longer than any name", () => {
  assertEquals(parse("GET", `/v2/a/tags/list?last=${"x".repeat(9000)}`).page, { after: "x".repeat(256) });
});

Deno.test("parseRoute() takes a space in an artifact type for the plus sign that was meant", () => {
  const { artifactTypes } = parse("GET", `/v2/a/referrers/${SHA256}?artifactType=application/spdx+json`);
  assertEquals(artifactTypes, ["application/spdx+json"]);
});

Deno.test("parseRoute() refuses tags beside a tag, malformed ones and too many", () => {
  assertRefused("PUT", "/v2/a/manifests/v1?tag=v2", 400, "UNSUPPORTED");
  assertRefused("PUT", `/v2/a/manifests/${SHA256}?tag=ok&tag=not%20ok`, 400, "UNSUPPORTED");
  assertRefused("PUT", `/v2/a/manifests/${SHA256}?tag=`, 400, "UNSUPPORTED");
  const tags = (count: number) =>
    Array.from({ length: count }, (_, i) => `tag=${"t".repeat(120)}${i}`).join("&");
  const accepted = parse("PUT", `/v2/a/manifests/${SHA256}?${tags(100)}`).tags as string[];
  assertEquals(accepted.length, 100);
  assertRefused("PUT", `/v2/a/manifests/${SHA256}?${tags(101)}`, 414, "UNSUPPORTED");
});

Deno.test("parseRoute() refuses a query of many parameters before it reads them", () => {
  assertRefused("GET", `/v2/?${"a=1&".repeat(5000)}`, 414, "UNSUPPORTED");
});

Deno.test("parseRoute() takes the path of an absolute URL whatever host stands in it", () => {
  assertEquals({ ...parseRoute("GET", splitUrl("http://evil.example/v2/a/tags/list")) }.kind, "listTags");
  assertEquals({ ...parseRoute("GET", splitUrl("http://evil.example/v2/?x=/v2/a/tags/list")) }.kind, "base");
  assertThrows(() => parseRoute("CONNECT", splitUrl("http://evil.example:443")), RegistryError);
});
