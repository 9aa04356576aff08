import { assertEquals, assertThrows } from "@std/assert";
import {
  algorithmOf,
  digestOf,
  isDescriptorDigest,
  isDigest,
  isDigestGrammar,
  isForeignDigest,
  parseDigest,
} from "./digest.ts";
import { RegistryError } from "./errors.ts";

const SHA256 = `sha256:${"0123456789abcdef".repeat(4)}`;
const SHA512 = `sha512:${"0123456789abcdef".repeat(8)}`;

/** Follow the grammar, but are not what their algorithm makes. */
const MALFORMED = [
  SHA256.slice(0, -1),
  SHA256 + "0",
  SHA512.slice(0, -1),
  SHA512 + "0",
  SHA256.replace("f", "F"),
  SHA256.replace("f", "g"),
  SHA256.replace("f", "_"),
  SHA256.replace("sha256", "sha512"),
  SHA512.replace("sha512", "sha256"),
  "sha256:baddigeststring",
];

/** Follow the grammar and are of algorithms that are not supported. */
const FOREIGN = [
  `blake3:${"0".repeat(64)}`,
  "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
  "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
  `sha384:${"0".repeat(96)}`,
  "md5:d41d8cd98f00b204e9800998ecf8427e",
  "a.b_c-d+1:=",
];

/** Do not follow the grammar. */
const NO_DIGESTS = [
  "",
  ":",
  "sha256",
  "sha256:",
  `:${"0".repeat(64)}`,
  SHA256.replace("sha256", "SHA256"),
  SHA256.replace("sha256", "sha256+"),
  SHA256.replace("sha256", "+sha256"),
  SHA256.replace("sha256", "sha++256"),
  SHA256.replace(":", "::"),
  SHA256.replace(":", "@"),
  SHA256.replace("0", "é"),
  SHA256.replace("0", "٠"),
  SHA256.replace("0", "%30"),
  SHA256.replace("0", " "),
  `${SHA256}\n`,
  `\n${SHA256}`,
  `${SHA256}\r\nX: y`,
  `${SHA256} `,
  `${SHA256}\0`,
  "sha256:../../etc/passwd",
  `sha256:${"0".repeat(32)}/${"0".repeat(31)}`,
];

Deno.test("isDigest() accepts exactly the digests that can identify content", () => {
  for (const text of [SHA256, SHA512]) assertEquals(isDigest(text), true, text);
  for (const text of [...MALFORMED, ...FOREIGN, ...NO_DIGESTS]) assertEquals(isDigest(text), false, text);
});

Deno.test("isDigest() takes no name that every object has for an algorithm", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    assertEquals(isDigest(`${name}:0`), false, name);
  }
});

Deno.test("isDigestGrammar() takes any algorithm", () => {
  for (const text of [SHA256, SHA512, ...MALFORMED, ...FOREIGN]) {
    assertEquals(isDigestGrammar(text), true, text);
  }
  for (const text of NO_DIGESTS) assertEquals(isDigestGrammar(text), false, text);
});

Deno.test("isDigestGrammar() rejects text above 1,024 characters", () => {
  assertEquals(isDigestGrammar(`a:${"0".repeat(1022)}`), true);
  assertEquals(isDigestGrammar(`a:${"0".repeat(1023)}`), false);
});

Deno.test("isDigestGrammar() ends on the longest texts that nearly match", () => {
  // Components cannot hold a separator, so there is one way to read each text and nothing to try again.
  for (const unit of ["a", "a+", "a.a", "+", "a_b-c"]) {
    const text = unit.repeat(1024 / unit.length);
    for (const end of ["", ":", "!", ":!"]) {
      assertEquals(isDigestGrammar(text.slice(0, -2) + end), false, unit);
    }
  }
});

Deno.test("isDescriptorDigest() passes unknown algorithms and no malformed digest of a known one", () => {
  for (const text of [SHA256, SHA512, ...FOREIGN]) assertEquals(isDescriptorDigest(text), true, text);
  for (const text of [...MALFORMED, ...NO_DIGESTS]) assertEquals(isDescriptorDigest(text), false, text);
});

Deno.test("isForeignDigest() is true of unknown algorithms alone", () => {
  for (const text of FOREIGN) assertEquals(isForeignDigest(text), true, text);
  for (const text of [SHA256, SHA512, ...MALFORMED, ...NO_DIGESTS]) {
    assertEquals(isForeignDigest(text), false, text);
  }
});

Deno.test("parseDigest() rejects an unusable digest, and quotes only its beginning", () => {
  assertEquals(parseDigest(SHA256), SHA256);
  for (const text of [...MALFORMED, ...FOREIGN, ...NO_DIGESTS, "x".repeat(1 << 20)]) {
    const error = assertThrows(() => parseDigest(text), RegistryError);
    assertEquals([error.code, error.status], ["DIGEST_INVALID", 400]);
    assertEquals(JSON.stringify(error).length < 1000, true);
  }
});

Deno.test("algorithmOf() and digestOf() take digests apart and put them together", () => {
  for (const text of [SHA256, SHA512]) {
    const digest = parseDigest(text);
    assertEquals(digestOf(algorithmOf(digest), digest.slice(7)), digest);
  }
  assertThrows(() => digestOf("sha256", "0"), RegistryError);
});
