import { assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { parseKeyFile } from "./key_file.ts";

const RSA_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const P256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const P384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const P521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const ED25519 = generateKeyPairSync("ed25519");
const X25519 = generateKeyPairSync("x25519");
const ALL = [RSA, P256, P384, P521, ED25519];

/** The same key as a certificate and by itself. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIUVhTfUBJvXwnGZozScWblpWslbdQwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOdG9rZW5zLmV4YW1wbGUwHhcNMjYxMTI3MTUwMzQ1WhcNMzYx
MTI0MTUwMzQ1WjAZMRcwFQYDVQQDDA50b2tlbnMuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABJCevgW31d4GFRKpyIY0N0BcmLB+mxYOdkSdw1y5HUJy
HXye5y3Dd5YoZ4qYmu3lqshBSw0oNWINPNs7QcD048OjUzBRMB0GA1UdDgQWBBQC
/xOTdnazpBodgux5JvbkZpXJ3zAfBgNVHSMEGDAWgBQC/xOTdnazpBodgux5Jvbk
ZpXJ3zAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDhYKYD5xA0
3HJQs/d5YX9g77LonjYhUsZzW3dFoN8sHAIgFP5AkLv4ksA7wL7PYYbH0a+36fFf
ybpceKVHis+a+cc=
-----END CERTIFICATE-----
`;
const CERTIFIED = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkJ6+BbfV3gYVEqnIhjQ3QFyYsH6b
Fg52RJ3DXLkdQnIdfJ7nLcN3lihnipia7eWqyEFLDSg1Yg082ztBwPTjww==
-----END PUBLIC KEY-----
`;

const jwkOf = (key: KeyObject) => key.export({ format: "jwk" }) as JWK;
const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" }) as string;

const algorithmsOf = (text: string) => parseKeyFile(text).map(({ algorithms }) => algorithms);

function assertRefused(value: unknown, message = "Cannot use"): void {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  assertThrows(() => parseKeyFile(text), TypeError, message, text);
}

Deno.test("parseKeyFile() returns the permitted algorithms of each key of a JWK set", () => {
  const keys = ALL.map(({ publicKey }) => jwkOf(publicKey));
  const wanted = [RSA_ALGORITHMS, ["ES256"], ["ES384"], ["ES512"], ["EdDSA", "Ed25519"]];
  assertEquals(algorithmsOf(JSON.stringify({ keys })), wanted);
  assertEquals(parseKeyFile(JSON.stringify({ keys })).map(({ jwk }) => jwk), keys);
  assertEquals(algorithmsOf(ALL.map(({ publicKey }) => pemOf(publicKey)).join("")), wanted);
});

Deno.test("parseKeyFile() takes a JWK by itself, with blanks before it", () => {
  const jwk = { ...jwkOf(P256.publicKey), kid: "a", use: "sig" };
  for (const before of ["", " \n"]) {
    assertEquals(parseKeyFile(before + JSON.stringify(jwk)), [{ jwk, algorithms: ["ES256"] }]);
  }
});

Deno.test("parseKeyFile() holds a key to the algorithm that it names", () => {
  const rsa = jwkOf(RSA.publicKey);
  assertEquals(algorithmsOf(JSON.stringify({ ...rsa, alg: "PS384" })), [["PS384"]]);
  for (const alg of ["ES256", "HS256", "none", "RSA-OAEP", "", null, 1]) assertRefused({ ...rsa, alg });
  assertRefused({ ...jwkOf(P256.publicKey), alg: "ES384" });
});

Deno.test("parseKeyFile() takes certificates for their keys, beside other keys and words", () => {
  const [certified, alone] = parseKeyFile(`Of tokens.example:\r\n${CERTIFICATE}\n# and\n${CERTIFIED}`);
  assertEquals(certified, alone);
  assertEquals(certified?.algorithms, ["ES256"]);
  assertEquals(algorithmsOf(CERTIFICATE.replaceAll("\n", "\r\n") + pemOf(RSA.publicKey)), [
    ["ES256"],
    RSA_ALGORITHMS,
  ]);
  const old = RSA.publicKey.export({ type: "pkcs1", format: "pem" }) as string;
  assertEquals(algorithmsOf(old), [RSA_ALGORITHMS]);
});

Deno.test("parseKeyFile() refuses private keys in every form, beside public ones too", () => {
  const pems = ALL.map(({ privateKey }) => privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  const label = (name: string, head = "") => `-----BEGIN ${name}-----\n${head}AAAA\n-----END ${name}-----\n`;
  const labels = ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"];
  const encrypted = label("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n");
  for (const pem of [...pems, ...labels.map((name) => label(name)), encrypted]) {
    assertRefused(pem, "private key");
    assertRefused(pemOf(P256.publicKey) + pem, "private key");
  }
  for (const { publicKey, privateKey } of ALL) {
    assertRefused(jwkOf(privateKey));
    assertRefused({ keys: [jwkOf(publicKey), jwkOf(privateKey)] }, "Cannot use key 2");
  }
});

Deno.test("parseKeyFile() does not quote a private key in its error", () => {
  const jwk = jwkOf(P256.privateKey);
  const pem = P256.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  for (const text of [JSON.stringify(jwk), JSON.stringify(jwk).slice(0, -1), pem, pem.slice(0, -9)]) {
    const { message, cause } = assertThrows(() => parseKeyFile(text), TypeError);
    const shown = `${message} ${cause}`;
    assertEquals([shown.includes(jwk.d!), shown.includes(pem.split("\n")[1]!)], [false, false]);
  }
});

Deno.test("parseKeyFile() refuses shared keys, and public ones that are not for signatures", () => {
  assertRefused({ kty: "oct", k: "c2VjcmV0" });
  assertRefused({ keys: [jwkOf(P256.publicKey), { kty: "oct", k: "c2VjcmV0", alg: "HS256" }] }, "key 2");
  assertRefused(jwkOf(X25519.publicKey));
  assertRefused(pemOf(X25519.publicKey));
  assertRefused({ ...jwkOf(RSA.publicKey), use: "enc" });
  for (const kty of ["constructor", "__proto__", "toString", "rsa", undefined]) {
    assertRefused({ ...jwkOf(RSA.publicKey), kty });
  }
  assertRefused({ ...jwkOf(P256.publicKey), crv: "secp256k1" });
});

Deno.test("parseKeyFile() refuses keys that are too short, or not whole", () => {
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const p256 = jwkOf(P256.publicKey);
  const wrong = [
    jwkOf(short),
    { kty: "RSA" },
    { kty: "RSA", n: "AA", e: "AQAB" },
    { kty: "EC", crv: "P-256" },
    { ...p256, y: p256.x },
    { ...p256, x: "AA" },
    { ...p256, x: 1 },
    { kty: "OKP", crv: "Ed25519", x: "AA" },
  ];
  for (const key of wrong) assertRefused({ keys: [p256, key] }, "Cannot use key 2");
  assertRefused(pemOf(short));
});

Deno.test("parseKeyFile() rejects truncated PEM, and PEM with other content", () => {
  const pem = pemOf(P256.publicKey);
  for (const broken of [pem.replace("END", "EMD"), pem.slice(0, 60), pem.replace("END PUBLIC", "END RSA")]) {
    assertRefused(broken);
    assertRefused(pem + broken);
  }
  const block = (name: string, text: string) =>
    `-----BEGIN ${name}-----\n${Buffer.from(text).toString("base64")}\n-----END ${name}-----\n`;
  for (const name of ["PUBLIC KEY", "CERTIFICATE", "CERTIFICATE REQUEST", "PARAMETERS"]) {
    assertRefused(pem + block(name, "nothing"), "Cannot use key 2");
    assertRefused(block(name, ""));
  }
});

Deno.test("parseKeyFile() rejects text without a key", () => {
  for (
    const text of ["", "\n", "keys", "null", "[]", "ssh-ed25519 AAAA me", "{}", '{"keys":{}}', '{"keys":1}']
  ) {
    assertRefused(text);
  }
  assertRefused({ keys: [] }, "Cannot use the keys: the file has none");
  assertRefused("", "Cannot use the keys: the file has none");
  assertRefused('{"keys": [', "Cannot use the keys: they are not JSON");
  for (const key of [null, 1, "a", [], {}]) assertRefused({ keys: [key] }, "Cannot use key 1");
});
