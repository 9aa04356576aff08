import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type CryptoKey, exportJWK, exportSPKI, SignJWT } from "jose";
import { base64url, readPart, signText, TestKeys } from "../../tests/harness/test_keys.ts";
import { InvalidTokenError } from "../bearer.ts";
import { CLOCK_SKEW_MS } from "../../storage/ports.ts";
import { MAX_TOKEN_CHARACTERS } from "../token_limits.ts";
import { SignedTokens, type SignedTokensOptions } from "./signed_tokens.ts";

const HOUR = 3_600_000;
const TYPE = "skerry-test+jwt";

/** Tokens, their keys and their clock, and what makes others with the same key. */
async function world(options: Partial<SignedTokensOptions> = {}) {
  const clock = { now: 1_700_000_000_500 };
  const keys = await TestKeys.of("one");
  const common = {
    keys,
    issuer: "https://registry.test",
    service: "registry.test",
    type: TYPE,
    now: () => clock.now,
  };
  const tokens = new SignedTokens({ ...common, ...options });
  const { token } = await tokens.sign("user:alice", { claim: "value" }, HOUR);
  const [header, payload] = [readPart(token, 0), readPart(token, 1)];
  /** A token that the key of the registry has signed, with another header or other claims. */
  const signed = (
    { head = header, claims = {}, key = keys.secretOf("one") }: {
      head?: unknown;
      claims?: Record<string, unknown>;
      key?: CryptoKey;
    },
  ) =>
    signText(
      typeof head === "string" ? head : JSON.stringify(head),
      JSON.stringify({ ...payload, ...claims }),
      key,
    );
  return { clock, keys, tokens, token, header, payload, signed, common };
}

/** Why a token is refused: its message, which has no part of the token; nothing where it is not. */
async function refusal(tokens: SignedTokens, token: string): Promise<string | undefined> {
  try {
    await tokens.verify(token);
    return undefined;
  } catch (error) {
    assert(error instanceof InvalidTokenError, String(error));
    assertEquals(error.cause, undefined);
    return error.message;
  }
}

Deno.test("SignedTokens.verify() accepts the output of sign()", async () => {
  const { tokens, clock, header, payload } = await world();
  assertEquals(header, { alg: "EdDSA", kid: "one", typ: TYPE });
  const { jti, ...rest } = payload;
  const iat = Math.floor(clock.now / 1000);
  assertEquals(rest, {
    claim: "value",
    iss: "https://registry.test",
    aud: "registry.test",
    sub: "user:alice",
    iat,
    nbf: iat - CLOCK_SKEW_MS / 1000,
    exp: iat + 3600,
  });
  const again = await tokens.sign("user:alice", { claim: "value" }, HOUR);
  assertEquals([again.issuedAt, again.expiresAt], [iat * 1000, iat * 1000 + HOUR]);
  const { claims, kid } = await tokens.verify(again.token);
  assertNotEquals(claims.jti, jti);
  assertEquals([{ ...claims, jti }, kid], [payload as typeof claims, "one"]);
});

Deno.test("SignedTokens.sign() does not let a caller override a registered claim", async () => {
  const { tokens } = await world();
  const forged = { iss: "x", aud: "x", sub: "user:root", exp: 9e9, nbf: 0, iat: 0, jti: "x" };
  const { token } = await tokens.sign("user:alice", forged, HOUR);
  const { claims } = await tokens.verify(token);
  for (const [name, value] of Object.entries(forged)) assertNotEquals(claims[name], value, name);
});

Deno.test("SignedTokens.verify() rejects an expired token, to the second", async () => {
  const { tokens, clock } = await world();
  const { token, expiresAt } = await tokens.sign("user:alice", {}, 90_999);
  assertEquals(expiresAt, Math.floor(clock.now / 1000) * 1000 + 90_000);
  clock.now = expiresAt - 1;
  assertEquals(await refusal(tokens, token), undefined);
  clock.now = expiresAt;
  assertEquals(await refusal(tokens, token), "Token has expired");
});

Deno.test("SignedTokens.verify() accepts a token of a clock slightly ahead, and none of the future", async () => {
  const { tokens, token, clock } = await world();
  clock.now -= CLOCK_SKEW_MS;
  assertEquals(await refusal(tokens, token), undefined);
  clock.now -= 1000;
  assertEquals(await refusal(tokens, token), 'Token has a wrong "nbf"');
});

Deno.test("SignedTokens.verify() refuses tokens of another issuer, for another service or for several", async () => {
  const { tokens, signed, common } = await world();
  assertEquals(await refusal(tokens, await signed({})), undefined);
  for (const iss of ["https://registry.test/", "https://other.test", "", ["https://registry.test"], null]) {
    assertEquals(await refusal(tokens, await signed({ claims: { iss } })), 'Token has a wrong "iss"');
  }
  for (const aud of ["other.test", "registry.test ", "Registry.test", "", null, ["other.test"], [], {}]) {
    assertNotEquals(await refusal(tokens, await signed({ claims: { aud } })), undefined, JSON.stringify(aud));
  }
  for (const aud of [["registry.test"], ["registry.test", "other.test"]]) {
    assertEquals(
      await refusal(tokens, await signed({ claims: { aud } })),
      "Token has unexpected claims",
    );
  }
  for (const other of [{ issuer: "https://other.test" }, { service: "other.test" }]) {
    const { token } = await new SignedTokens({ ...common, ...other }).sign("user:alice", {}, HOUR);
    assertNotEquals(await refusal(tokens, token), undefined);
  }
});

Deno.test("SignedTokens.verify() refuses tokens of another type of ours", async () => {
  const { tokens, token, common } = await world();
  for (const type of ["JWT", "skerry-other+jwt", "skerry-test+JWT", "skerry-testXjwt", "skerry-test", ""]) {
    const other = new SignedTokens({ ...common, type });
    assertEquals(
      await refusal(tokens, (await other.sign("user:alice", {}, HOUR)).token),
      "Token was issued for another purpose",
    );
    assertEquals(await refusal(other, token), "Token was issued for another purpose");
  }
});

Deno.test("SignedTokens.verify() refuses a token that lacks a claim, or has one of another kind", async () => {
  const { tokens, signed } = await world();
  for (const claim of ["iss", "aud", "sub", "iat", "nbf", "exp", "jti"]) {
    assertNotEquals(
      await refusal(tokens, await signed({ claims: { [claim]: undefined } })),
      undefined,
      claim,
    );
  }
  for (const value of ["9999999999", null, [], true, {}]) {
    for (const claim of ["iat", "nbf", "exp"]) {
      const token = await signed({ claims: { [claim]: value } });
      assertNotEquals(await refusal(tokens, token), undefined, `${claim} ${value}`);
    }
  }
  for (const sub of [null, 7, ["user:alice"]]) {
    assertNotEquals(await refusal(tokens, await signed({ claims: { sub } })), undefined, String(sub));
  }
});

Deno.test("SignedTokens.verify() refuses every algorithm but the one", async () => {
  const { tokens, header, payload, signed, keys } = await world();
  const key = (await keys.find("one"))!;
  const [pem, { x }] = [await exportSPKI(key), await exportJWK(key)];
  const secrets = [pem, pem.trim(), x!].map((text) => new TextEncoder().encode(text));
  for (const secret of [...secrets, Uint8Array.fromBase64(x!, { alphabet: "base64url" })]) {
    const token = await new SignJWT(payload).setProtectedHeader({ ...header, alg: "HS256" }).sign(secret);
    assertNotEquals(await refusal(tokens, token), undefined);
  }
  for (
    const alg of ["none", "None", "HS256", "HS512", "RS256", "ES256", "Ed25519", "eddsa", "", null, undefined]
  ) {
    const head = { ...header, alg };
    const token = await signed({ head });
    assertEquals(await refusal(tokens, token), "Token was issued for another purpose", String(alg));
    const bare = token.slice(0, token.lastIndexOf("."));
    for (const unsigned of [bare, `${bare}.`, `${bare}.${base64url(new Uint8Array(64))}`]) {
      assertNotEquals(await refusal(tokens, unsigned), undefined, String(alg));
    }
  }
});

Deno.test("SignedTokens.verify() refuses a token with no signature, or one of another key", async () => {
  const { tokens, token, signed, keys } = await world();
  const bare = token.slice(0, token.lastIndexOf("."));
  for (const signature of ["", ".", `.${"A".repeat(86)}`, `.${"A".repeat(85)}Q`, ".AA"]) {
    assertNotEquals(await refusal(tokens, bare + signature), undefined, signature);
  }
  const stranger = await TestKeys.of("one");
  assertEquals(
    await refusal(tokens, await signed({ key: stranger.secretOf("one") })),
    "Token signature is not valid",
  );
  await keys.add("two");
  assertEquals(
    await refusal(tokens, await signed({ key: keys.secretOf("two") })),
    "Token signature is not valid",
    "it names the first key",
  );
  keys.remove("one");
  assertEquals(await refusal(tokens, token), "Token is signed with an unknown key");
});

Deno.test("SignedTokens.verify() takes a header that has anything else in it for no header", async () => {
  const { tokens, header, signed, keys } = await world();
  const stranger = await TestKeys.of("one");
  const jwk = (await stranger.list())[0]!.jwk;
  for (
    const member of [
      { jwk },
      { jku: "https://evil.test/jwks.json" },
      { x5u: "https://evil.test/key.pem" },
      { x5c: ["MIIB"] },
      { x5t: "x" },
      { crit: ["exp"], exp: 9e9 },
      { crit: [] },
      { b64: false, crit: ["b64"] },
      { zip: "DEF" },
      { cty: "JWT" },
      { other: 1 },
    ]
  ) {
    for (const key of [keys.secretOf("one"), stranger.secretOf("one")]) {
      for (const head of [{ ...header, ...member }, { ...member, ...header }]) {
        assertEquals(
          await refusal(tokens, await signed({ head, key })),
          "Token was issued for another purpose",
          JSON.stringify(member),
        );
      }
    }
  }
});

Deno.test("SignedTokens.verify() takes a header in another spelling for no header", async () => {
  const { tokens, header, signed } = await world();
  const { alg, kid, typ } = header;
  const text = JSON.stringify(header);
  for (
    const head of [
      { kid, alg, typ },
      { typ, kid, alg },
      { alg, typ, kid },
      { alg, kid },
      { alg, typ },
      { alg, kid: "", typ },
      { alg, kid: "a".repeat(65), typ },
      { alg, kid: "../one", typ },
      { alg, kid: ["one"], typ },
      { alg, kid: 'one","kid":"two', typ },
      `${text} `,
      ` ${text}`,
      `${text}\n`,
      `\ufeff${text}`,
      text.replace(",", ", "),
      text.replace("alg", "\\u0061lg"),
      text.replace("}", ',"kid":"one"}'),
      text.replace("{", '{"alg":"none",'),
      `[${text}]`,
      "{}",
      "",
      "null",
    ]
  ) {
    const message = await refusal(tokens, await signed({ head }));
    assert(
      ["Token was issued for another purpose", "Token is malformed"].includes(message!),
      JSON.stringify(head),
    );
  }
  assertEquals(await refusal(tokens, await signed({ head: text })), undefined);
});

Deno.test("SignedTokens.verify() accepts only the canonical encoding of a token", async () => {
  const { tokens } = await world();
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (let i = 0; i < 8; i++) {
    const { token } = await tokens.sign("user:alice", { i }, HOUR);
    const spellings = [...alphabet].map((last) => token.slice(0, -1) + last);
    const taken: string[] = [];
    for (const spelling of spellings) {
      if (await refusal(tokens, spelling) === undefined) taken.push(spelling);
    }
    assertEquals(taken, [token]);
    const [header, payload, signature] = token.split(".") as [string, string, string];
    const standard = (text: string) => text.replaceAll("-", "+").replaceAll("_", "/");
    for (
      const other of [
        `${token}=`,
        `${token}==`,
        `${header}=.${payload}.${signature}`,
        `${header}.${payload}=.${signature}`,
        `${header}.${payload}.${signature}A`,
        `${header}.${payload}.${signature}.`,
        `.${token}`,
        `${token}.${signature}`,
        ` ${token}`,
        `${token} `,
        `${token}\n`,
        `\t${token}`,
        `${header}. ${payload}.${signature}`,
        `${header}.\n${payload}.${signature}`,
        `Bearer ${token}`,
        token.toLowerCase(),
        ...(standard(token) === token ? [] : [standard(token)]),
      ]
    ) {
      assertNotEquals(await refusal(tokens, other), undefined, other);
    }
  }
});

Deno.test("SignedTokens.verify() refuses a token that is too long, before it looks for a key", async () => {
  const { tokens, keys, token: short } = await world();
  const { token } = await tokens.sign("user:alice", { text: "x".repeat(11_900) }, HOUR);
  assert(token.length <= MAX_TOKEN_CHARACTERS);
  assertEquals(await refusal(tokens, token), undefined);
  keys.looks = 0;
  const { token: long } = await tokens.sign("user:alice", { text: "x".repeat(12_300) }, HOUR);
  assert(long.length > MAX_TOKEN_CHARACTERS);
  assertEquals(await refusal(tokens, long), "Token is too long");
  assertEquals(
    await refusal(tokens, `${"a".repeat(301)}${short.slice(short.indexOf("."))}`),
    "Token is malformed",
  );
  assertEquals(keys.looks, 0);
});

Deno.test("SignedTokens.verify() says that a key can't be had, and not that the token is bad", async () => {
  const { common, token } = await world();
  const keys = await TestKeys.of("one");
  keys.find = () => Promise.reject(new Error("The table is out"));
  const tokens = new SignedTokens({ ...common, keys });
  await assertRejects(() => tokens.verify(token), Error, "The table is out");
});

Deno.test("SignedTokens.verify() rejects a malformed payload that the key has signed", async () => {
  const { tokens, header, keys } = await world();
  for (const payload of ["", "null", "[]", '"text"', "7", "{", "{}", "\u0000"]) {
    const token = await signText(JSON.stringify(header), payload, keys.secretOf("one"));
    assertNotEquals(await refusal(tokens, token), undefined, payload);
  }
});
