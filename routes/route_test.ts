import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../oci/mod.ts";
import { assertRefused, METHODS, parse, parseUrl, SHA256, SHA512 } from "./testing/routes.ts";

Deno.test("parseRoute() reads every value of the path and the query", () => {
  const repository = "team/app";
  const rows: [string, string, Record<string, unknown>][] = [
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

Deno.test("parseRoute() reads HEAD as GET", () => {
  const paths = [
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

Deno.test("parseRoute() reads names from the right when they contain words of paths", () => {
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

Deno.test("parseRoute() answers 404 for an unknown path", () => {
  const paths = [
    "/v1/",
    "/v3/",
    "/v2x",
    "/V2/",
    "//v2/",
    "/v2",
    "/v2/",
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
    "/livez",
    "/token",
    "/v2/_skerry/tokens",
    "/v2/_skerry/tokens/0123456789abcdef",
  ];
  for (const path of paths) assertRefused("GET", path, 404, "UNSUPPORTED");
});

Deno.test("parseRoute() answers 405 with Allow for another method", () => {
  const rows: [string, string][] = [
    ["/v2/a/manifests/v1", "GET, HEAD, PUT, DELETE"],
    [`/v2/a/blobs/${SHA256}`, "GET, HEAD, DELETE"],
    ["/v2/a/blobs/uploads/", "POST"],
    ["/v2/a/blobs/uploads/1", "GET, HEAD, PATCH, PUT, DELETE"],
    ["/v2/a/tags/list", "GET, HEAD"],
    [`/v2/a/referrers/${SHA256}`, "GET, HEAD"],
    ["/v2/_catalog", "GET, HEAD"],
    ["/v2/_oci/ext/discover", "GET, HEAD"],
    ["/v2/a/_skerry/tags/history?tag=x", "GET, HEAD"],
    ["/v2/a/_skerry/repository", "GET, HEAD, DELETE"],
    ["/v2/a/_skerry/tags", "GET, HEAD"],
    ["/v2/a/_skerry/tag/v1", "PUT, DELETE"],
    ["/v2/a/_skerry/history/v1", "GET, HEAD"],
    ["/v2/a/_skerry/diff?from=a&to=b", "GET, HEAD"],
    [`/v2/a/_skerry/referrers/${SHA256}`, "GET, HEAD"],
    [`/v2/a/_skerry/contents/${SHA256}`, "GET, HEAD"],
  ];
  for (const [path, allow] of rows) {
    for (const method of METHODS) {
      if (allow.split(", ").includes(method)) continue;
      const error = assertRefused(method, path, 405, "UNSUPPORTED");
      assertEquals(error.headers.Allow, allow, `${method} ${path}`);
    }
  }
});

Deno.test("parseRoute() ignores the host of an absolute URL", () => {
  assertEquals(parseUrl("GET", "http://evil.example/v2/a/tags/list").kind, "listTags");
  assertThrows(() => parseUrl("GET", "http://evil.example/v2/?x=/v2/a/tags/list"), RegistryError);
  assertThrows(() => parseUrl("CONNECT", "http://evil.example:443"), RegistryError);
});
