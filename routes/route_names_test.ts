import { assertEquals } from "@std/assert";
import { assertRefused, BLAKE3, parse, SHA256 } from "./testing/routes.ts";

const HEX = "a".repeat(64);

Deno.test("parseRoute() refuses names outside the grammar, without decoding them", () => {
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

Deno.test("parseRoute() refuses malformed digests", () => {
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

Deno.test("parseRoute() answers 404 for stored content of an unsupported algorithm", () => {
  assertRefused("GET", `/v2/a/blobs/${BLAKE3}`, 404, "BLOB_UNKNOWN");
  assertRefused("DELETE", `/v2/a/blobs/${BLAKE3}`, 404, "BLOB_UNKNOWN");
  assertRefused("GET", `/v2/a/manifests/${BLAKE3}`, 404, "MANIFEST_UNKNOWN");
  assertRefused("DELETE", `/v2/a/manifests/${BLAKE3}`, 404, "MANIFEST_UNKNOWN");
});

Deno.test("parseRoute() refuses pushes with an unsupported algorithm", () => {
  assertRefused("PUT", `/v2/a/manifests/${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("PUT", `/v2/a/blobs/uploads/1?digest=${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("POST", `/v2/a/blobs/uploads/?digest=${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("POST", `/v2/a/blobs/uploads/?mount=${BLAKE3}`, 400, "DIGEST_INVALID");
  assertRefused("POST", "/v2/a/blobs/uploads/?digest-algorithm=blake3", 400, "DIGEST_INVALID");
  assertRefused("POST", "/v2/a/blobs/uploads/?digest-algorithm=SHA256", 400, "DIGEST_INVALID");
});

Deno.test("parseRoute() reads a subject of an unsupported algorithm", () => {
  assertEquals(parse("GET", `/v2/a/referrers/${BLAKE3}`).subject, BLAKE3);
});

Deno.test("parseRoute() answers 404 when a reference is neither tag nor digest", () => {
  for (const reference of [".INVALID_MANIFEST_NAME", "", "-a", "a".repeat(129), "a%20b", ".."]) {
    assertRefused("GET", `/v2/a/manifests/${reference}`, 404, "MANIFEST_UNKNOWN");
    assertRefused("DELETE", `/v2/a/manifests/${reference}`, 404, "MANIFEST_UNKNOWN");
    assertRefused("PUT", `/v2/a/manifests/${reference}`, 400, "MANIFEST_INVALID");
  }
});

Deno.test("parseRoute() answers 404 for a malformed upload id", () => {
  for (const id of ["a_b", "a.b", "..", "a%2d", "a:b", "x".repeat(129)]) {
    assertRefused("PATCH", `/v2/a/blobs/uploads/${id}`, 404, "BLOB_UPLOAD_UNKNOWN");
  }
});

Deno.test("parseRoute() requires a digest at the end of an upload", () => {
  assertRefused("PUT", "/v2/a/blobs/uploads/1", 400, "DIGEST_INVALID");
  assertRefused("PUT", "/v2/a/blobs/uploads/1?digest=", 400, "DIGEST_INVALID");
});
