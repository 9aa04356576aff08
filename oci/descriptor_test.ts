import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseDescriptor } from "./descriptor.ts";
import { RegistryError } from "./errors.ts";

const EMPTY_JSON = {
  mediaType: "application/vnd.oci.empty.v1+json",
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
};

const SHA512 = "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9" +
  "a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd";

function assertInvalid(value: unknown, message: string, code = "MANIFEST_INVALID"): void {
  const error = assertThrows(() => parseDescriptor(value, "layers[3]"), RegistryError);
  assertEquals([error.code, error.status], [code, 400]);
  assertStringIncludes(error.message, message);
  assertStringIncludes(error.message, "layers[3]");
}

Deno.test("parseDescriptor() takes out media type, digest and size", () => {
  const value = {
    ...EMPTY_JSON,
    urls: ["http://192.0.2.1/"],
    platform: { os: "unknown", architecture: 5 },
    x: 1,
  };
  assertEquals(parseDescriptor(value, "config"), EMPTY_JSON);
});

Deno.test("parseDescriptor() passes unknown media types and digests of unknown algorithms", () => {
  const value = { mediaType: "x", digest: `blake3:${"0".repeat(64)}`, size: 0 };
  assertEquals(parseDescriptor(value, "config"), value);
});

Deno.test("parseDescriptor() rejects a malformed descriptor", () => {
  for (const value of [undefined, null, [], "x", 1, {}]) assertInvalid(value, "media type");
  for (const mediaType of [undefined, null, "", 1]) assertInvalid({ ...EMPTY_JSON, mediaType }, "media type");
  for (const size of [undefined, null, "2", -1, 1.5, NaN, 2 ** 53]) {
    assertInvalid({ ...EMPTY_JSON, size }, "size");
  }
});

Deno.test("parseDescriptor() rejects a malformed digest with DIGEST_INVALID", () => {
  const { digest } = EMPTY_JSON;
  for (
    const bad of [
      undefined,
      null,
      1,
      "",
      "sha256:x",
      digest.toUpperCase(),
      digest.replace("f", "F"),
      digest + "0",
    ]
  ) {
    assertInvalid({ ...EMPTY_JSON, digest: bad }, "digest", "DIGEST_INVALID");
  }
});

Deno.test("parseDescriptor() accepts embedded content that matches the descriptor", () => {
  assertEquals(parseDescriptor({ ...EMPTY_JSON, data: "e30=" }, "config"), EMPTY_JSON);
  assertEquals(parseDescriptor({ ...EMPTY_JSON, digest: SHA512, data: "e30=" }, "config").digest, SHA512);
  assertEquals(parseDescriptor({ ...EMPTY_JSON, data: null }, "config"), EMPTY_JSON);
});

Deno.test("parseDescriptor() rejects embedded content that does not match the descriptor", () => {
  for (const data of ["", "e30", "e30=e30=", "W10", "e3-_", "é", 1, {}, []]) {
    assertInvalid({ ...EMPTY_JSON, data }, "data");
  }
  assertInvalid({ ...EMPTY_JSON, data: "e30K" }, "the wrong size");
  assertInvalid({ ...EMPTY_JSON, data: "W10=" }, "the wrong digest");
  assertInvalid({ ...EMPTY_JSON, digest: SHA512, data: "W10=" }, "the wrong digest");
});

Deno.test("parseDescriptor() checks the size of embedded content when it cannot compute the digest", () => {
  const foreign = { ...EMPTY_JSON, digest: `blake3:${"0".repeat(64)}` };
  assertEquals(parseDescriptor({ ...foreign, data: "W10=" }, "config"), foreign);
  assertInvalid({ ...foreign, data: "e30K" }, "the wrong size");
});
