import { assertEquals } from "@std/assert";
import { assertRefused, parse, SHA256, SHA512 } from "./testing/routes.ts";

Deno.test("parseRoute() ignores unknown parameters", () => {
  assertEquals(
    parse("POST", "/v2/a/blobs/uploads/?ns=docker.io&origin=b&class=image"),
    { kind: "startUpload", repository: "a" },
  );
});

Deno.test("parseRoute() refuses a repeated parameter", () => {
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

Deno.test("parseRoute() reads a mount from an impossible repository as the start of an upload", () => {
  for (const from of ["", "UPPER", "../b", "a b"]) {
    assertEquals(
      parse("POST", `/v2/a/blobs/uploads/?mount=${SHA256}&from=${from}`),
      { kind: "startUpload", repository: "a" },
      from,
    );
  }
});

Deno.test("parseRoute() refuses a page size that is not a natural number", () => {
  for (const n of ["-1", "1.5", "x", "0x10", "1e3", "%201", "٣"]) {
    assertRefused("GET", `/v2/a/tags/list?n=${n}`, 400, "PAGINATION_NUMBER_INVALID");
    assertRefused("GET", `/v2/_catalog?n=${n}`, 400, "PAGINATION_NUMBER_INVALID");
  }
});

Deno.test("parseRoute() ignores an empty page size", () => {
  for (const path of ["/v2/a/tags/list", "/v2/_catalog"]) {
    assertEquals(parse("GET", `${path}?n=&last=x`).page, { after: "x" }, path);
  }
});

Deno.test("parseRoute() limits a page size of any number of digits (CVE-2023-2253)", () => {
  assertEquals(parse("GET", `/v2/a/tags/list?n=${"9".repeat(400)}`).page, {
    limit: Number.MAX_SAFE_INTEGER,
  });
  assertEquals(parse("GET", "/v2/a/tags/list?n=000").page, { limit: 0 });
});

Deno.test("parseRoute() cuts a `last` longer than any name", () => {
  assertEquals(parse("GET", `/v2/a/tags/list?last=${"x".repeat(9000)}`).page, { after: "x".repeat(256) });
  assertEquals(parse("GET", `/v2/_catalog?last=${"x".repeat(9000)}`).page, { after: "x".repeat(512) });
});

Deno.test("parseRoute() reads a space in an artifact type as a plus sign", () => {
  const { artifactTypes } = parse("GET", `/v2/a/referrers/${SHA256}?artifactType=application/spdx+json`);
  assertEquals(artifactTypes, ["application/spdx+json"]);
});

Deno.test("parseRoute() refuses `?tag=` with a tag in the path, malformed tags and too many", () => {
  assertRefused("PUT", "/v2/a/manifests/v1?tag=v2", 400, "UNSUPPORTED");
  assertRefused("PUT", `/v2/a/manifests/${SHA256}?tag=ok&tag=not%20ok`, 400, "UNSUPPORTED");
  assertRefused("PUT", `/v2/a/manifests/${SHA256}?tag=`, 400, "UNSUPPORTED");
  const tags = (count: number) =>
    Array.from({ length: count }, (_, i) => `tag=${"t".repeat(120)}${i}`).join("&");
  const accepted = parse("PUT", `/v2/a/manifests/${SHA256}?${tags(100)}`).tags as string[];
  assertEquals(accepted.length, 100);
  assertRefused("PUT", `/v2/a/manifests/${SHA256}?${tags(101)}`, 414, "UNSUPPORTED");
});

Deno.test("parseRoute() refuses a long query before it parses it", () => {
  assertRefused("GET", `/v2/?${"a=1&".repeat(5000)}`, 414, "UNSUPPORTED");
});
