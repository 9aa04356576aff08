import { assertEquals, assertRejects } from "@std/assert";
import { errors } from "jose";
import { RegistryError } from "../../oci/mod.ts";
import { OidcIssuer } from "../../tests/harness/oidc_issuer.ts";
import { JwksSource } from "./jwks_source.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Keys of an issuer, with a clock that stands still. */
async function setUp(options: { jwksUri?: string; alg?: string } = {}) {
  const clock = { now: 1_000_000_000_000 };
  const issuer = await OidcIssuer.start({ alg: options.alg ?? "ES256" });
  const keys = new JwksSource({
    issuer: issuer.url,
    ...(options.jwksUri !== undefined && { jwksUri: options.jwksUri }),
    timeout: 500,
    now: () => clock.now,
  });
  const get = (kid: string) => keys.get({ alg: "ES256", kid });
  /** True if the key exists; `undefined` if that is unknown. */
  const has = async (kid: string) => {
    try {
      return (await get(kid)).type === "public";
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return false;
      if (error instanceof RegistryError && error.status === 503) return undefined;
      throw error;
    }
  };
  return { clock, issuer, get, has };
}

Deno.test("get() sends one request to the issuer for concurrent calls", async () => {
  const { issuer, has } = await setUp();
  await using _ = issuer;
  assertEquals(issuer.requestCount, 0);
  assertEquals(
    await Promise.all(Array.from({ length: 20 }, () => has("key-1"))),
    Array(20).fill(true),
  );
  assertEquals(issuer.requests, { discovery: 1, jwks: 1, other: 0 });
});

Deno.test("get() reads keys of the media type that RFC 7517 §8.5.2 registers, as Kubernetes serves them", async () => {
  const { issuer, has } = await setUp();
  await using _ = issuer;
  issuer.keysType = "application/jwk-set+json";
  assertEquals(await has("key-1"), true);
});

Deno.test("get() finds a new key of the issuer", async () => {
  const { clock, issuer, has } = await setUp();
  await using _ = issuer;
  assertEquals(await has("key-1"), true);
  clock.now += 30_000;
  await issuer.rotate();
  assertEquals(await Promise.all([has("key-2"), has("key-1"), has("key-2")]), [true, true, true]);
  assertEquals(issuer.requests.jwks, 2);
});

Deno.test("get() visits the issuer once in 30 seconds when key ids are made up", async () => {
  const { clock, issuer, has } = await setUp();
  await using _ = issuer;
  for (let round = 0; round < 100; round++) assertEquals(await has(`made-up-${round}`), false);
  assertEquals(issuer.requests, { discovery: 1, jwks: 1, other: 0 });
  clock.now += 29_999;
  assertEquals(await has("made-up"), false);
  assertEquals(issuer.requests.jwks, 1);
  clock.now += 1;
  const flood = Array.from({ length: 100 }, (_, index) => has(`made-up-${index}`));
  assertEquals(await Promise.all(flood), Array(100).fill(false));
  assertEquals(issuer.requests, { discovery: 2, jwks: 2, other: 0 });
  assertEquals(await has("key-1"), true);
});

Deno.test("get() forgets a key that was withdrawn within the age that the issuer gives, at most an hour", async () => {
  for (
    const [cacheControl, age] of [
      ["max-age=600", 10 * MINUTE],
      ["public, Max-Age=90", 90_000],
      ["max-age=0", MINUTE],
      ["no-store", MINUTE],
      ["max-age=600, no-cache", MINUTE],
      ["max-age=31536000", HOUR],
      ["", 10 * MINUTE],
      ["s-maxage=5", 10 * MINUTE],
    ] as const
  ) {
    const { clock, issuer, has } = await setUp();
    await using _ = issuer;
    issuer.cacheControl = cacheControl;
    assertEquals(await has("key-1"), true);
    await issuer.rotate();
    issuer.retire();
    clock.now += age - 1;
    assertEquals(await has("key-1"), true, cacheControl);
    clock.now += 1;
    assertEquals(await has("key-1"), false, cacheControl);
  }
});

Deno.test("get() uses the cached keys for six hours while the issuer is down", async () => {
  const { clock, issuer, has } = await setUp();
  await using _ = issuer;
  assertEquals(await has("key-1"), true);
  issuer.quirk = "down";
  clock.now += 10 * MINUTE;
  for (let round = 0; round < 10; round++) assertEquals(await has("key-1"), true);
  assertEquals(issuer.requests.discovery, 2);
  clock.now += 6 * HOUR - 1;
  assertEquals(await has("key-1"), true);
  clock.now += 1;
  assertEquals(await has("key-1"), undefined);
  issuer.quirk = undefined;
  clock.now += 5000;
  assertEquals(await has("key-1"), true);
});

Deno.test("get() rejects instead of calling a key unknown while the issuer is down", async () => {
  const { clock, issuer, has } = await setUp();
  await using _ = issuer;
  assertEquals(await has("key-1"), true);
  issuer.quirk = "down";
  clock.now += 30_000;
  assertEquals(await has("key-2"), undefined);
});

Deno.test("get() visits an issuer that is down once in five seconds", async () => {
  const { clock, issuer, has } = await setUp();
  await using _ = issuer;
  issuer.quirk = "down";
  for (let round = 0; round < 10; round++) assertEquals(await has(`key-${round}`), undefined);
  assertEquals(issuer.requestCount, 1);
  clock.now += 5000;
  issuer.quirk = undefined;
  assertEquals(await has("key-1"), true);
});

for (const quirk of ["slow", "huge", "redirect", "html"] as const) {
  Deno.test(`get() rejects the keys of an issuer that is ${quirk}`, async () => {
    const { issuer, has } = await setUp();
    await using _ = issuer;
    issuer.quirk = quirk;
    assertEquals(await has("key-1"), undefined);
    assertEquals(issuer.requestCount, 1);
  });
}

Deno.test("get() rejects a discovery document of another issuer, or with an unsafe URL of keys", async () => {
  for (
    const fields of [
      { issuer: "https://else.test" },
      { issuer: undefined },
      { jwks_uri: undefined },
      { jwks_uri: "http://else.test/keys" },
      { jwks_uri: "file:///etc/passwd" },
      { jwks_uri: ["https://else.test/keys"] },
    ]
  ) {
    const { issuer, has } = await setUp();
    await using _ = issuer;
    issuer.discovery = fields;
    assertEquals(await has("key-1"), undefined, JSON.stringify(fields));
    assertEquals(issuer.requests.jwks, 0);
  }
});

Deno.test("get() needs no discovery document with a configured URL of keys", async () => {
  await using other = await OidcIssuer.start({ alg: "ES256" });
  const { issuer, has } = await setUp({ jwksUri: other.jwksUri });
  await using _ = issuer;
  assertEquals(await has("key-1"), true);
  assertEquals([issuer.requestCount, other.requests], [0, { discovery: 0, jwks: 1, other: 0 }]);
});

Deno.test("get() passes over keys of kinds that are not known, shared, or for something else", async () => {
  const { issuer, get, has } = await setUp();
  await using _ = issuer;
  issuer.strangeKeys = [
    { kty: "oct", kid: "key-1", k: "AAAA" },
    { kty: "AKP", kid: "key-1", alg: "ML-DSA-44", pub: "AAAA" },
    { kty: "EC", crv: "P-256", kid: "key-2", use: "enc", x: "AAAA", y: "AAAA" },
    { kid: "key-3" },
    "key-4",
    null,
  ];
  assertEquals(await has("key-1"), true);
  assertEquals(await has("key-2"), false);
  assertEquals((await get("key-1")).algorithm.name, "ECDSA");
});

Deno.test("get() gives no key for an algorithm with a shared secret, or of another kind than the key", async () => {
  const { issuer } = await setUp();
  await using _ = issuer;
  const keys = new JwksSource({ issuer: issuer.url });
  for (const alg of ["HS256", "none", "RS256", "ES384", "toString"]) {
    await assertRejects(() => keys.get({ alg, kid: "key-1" }), errors.JOSEError);
  }
});
