import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { KeysError, openFileKeys } from "./file_keys.ts";
import { jwksOf } from "./keys.ts";

/** A private key, as the tools that make them write it. */
async function privateKey(members: JWK = {}): Promise<JWK & { x: string; d: string }> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...await exportJWK(privateKey), ...members } as JWK & { x: string; d: string };
}

/** The same without its private part. */
function publicPart({ d: _, ...rest }: JWK): JWK {
  return rest;
}

const open = (...keys: unknown[]) => openFileKeys(JSON.stringify({ keys }));

/** The message with which a source is refused; it has no piece of what is secret. */
async function refusal(source: string, ...secrets: string[]): Promise<string> {
  const { message, stack = "", cause } = await assertRejects(() => openFileKeys(source), KeysError);
  assertEquals(cause, undefined);
  for (const secret of secrets) {
    for (let i = 0; i + 6 <= secret.length; i++) {
      assert(!`${message}${stack}`.includes(secret.slice(i, i + 6)), message);
    }
  }
  return message;
}

Deno.test("openFileKeys() signs with the first private key and verifies with all", async () => {
  const [old, first, second] = [
    await privateKey({ kid: "old" }),
    await privateKey({ kid: "first" }),
    await privateKey({ kid: "second" }),
  ];
  const keys = await open(publicPart(old), first, second);
  const { kid, key } = await keys.signing();
  assertEquals(kid, "first");
  const data = new TextEncoder().encode("text");
  const signature = await crypto.subtle.sign("Ed25519", key, data);
  for (const [id, isSigner] of [["old", false], ["first", true], ["second", false]] as const) {
    const found = (await keys.find(id))!;
    assertEquals(await crypto.subtle.verify("Ed25519", found, signature, data), isSigner, id);
    assertEquals([found.type, keys.knows(id)], ["public", true]);
  }
  for (const id of ["", "third", "First", "__proto__", "constructor"]) {
    assertEquals([await keys.find(id), keys.knows(id)], [undefined, false]);
  }
});

Deno.test("openFileKeys() lists every key without its private part and unknown members", async () => {
  const [one, other] = [await privateKey({ kid: "one", ext: true, use: "enc" }), await privateKey()];
  const keys = await open(one, publicPart(other));
  const common = { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig" };
  assertEquals(await jwksOf(keys), {
    keys: [
      { ...common, x: one.x, kid: "one" },
      { ...common, x: other.x, kid: await calculateJwkThumbprint(publicPart(other)) },
    ],
  });
});

Deno.test("openFileKeys() uses the thumbprint of a key as its missing id", async () => {
  const key = await privateKey();
  const { kid } = await (await open(key)).signing();
  assertEquals(kid, await calculateJwkThumbprint(publicPart(key)));
  assertNotEquals((await (await open(await privateKey())).signing()).kid, kid);
});

Deno.test("openFileKeys() reads a file, and a text that begins with a brace", async () => {
  const text = JSON.stringify({ keys: [await privateKey({ kid: "one" })] }, undefined, 2);
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    for (const source of [path, text, `\n  ${text}\n`]) {
      assertEquals((await (await openFileKeys(source)).signing()).kid, "one");
    }
    await Deno.writeTextFile(path, "{}");
    assertEquals(
      await refusal(path),
      `Cannot use "${path}": expected a JWK set of Ed25519 keys, see keys`,
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openFileKeys() reads the file once", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, JSON.stringify({ keys: [await privateKey({ kid: "one" })] }));
  const keys = await openFileKeys(path);
  await Deno.remove(path);
  assertEquals([(await keys.signing()).kid, (await keys.list()).length], ["one", 1]);
  assert(await keys.find("one") !== undefined);
});

Deno.test("openFileKeys() names the file that it cannot read", async () => {
  assertEquals(
    await refusal("/nowhere/keys.json"),
    'Cannot read "/nowhere/keys.json": No such file or directory',
  );
});

Deno.test("openFileKeys() quotes neither an unusable file nor an unusable text", async () => {
  const { d, ...rest } = await privateKey();
  const other = await privateKey();
  const path = await Deno.makeTempFile();
  try {
    for (
      const [text, said] of [
        [`{"keys":[{"kty":"OKP","d":"${d}"`, "it is not JSON"],
        [`{"keys":[{"d":"${d}"},]}`, "it is not JSON"],
        [`{"d":"${d}"}`, "see keys"],
        [`{"keys":{"d":"${d}"}}`, "see keys"],
        [`{"keys":["${d}"]}`, "see keys.0"],
        [JSON.stringify({ keys: [{ ...rest, d, kid: `${d} ${d}` }] }), "see keys.0.kid"],
        [JSON.stringify({ keys: [{ ...rest, d: `${d}=` }] }), "see keys.0.d"],
        [JSON.stringify({ keys: [{ ...rest, d: [d] }] }), "see keys.0.d"],
        [JSON.stringify({ keys: [{ ...rest, d, kty: d }] }), "see keys.0.kty"],
        [JSON.stringify({ keys: [{ ...rest, d, crv: "X25519" }] }), "see keys.0.crv"],
        [JSON.stringify({ keys: [{ ...rest, d, x: undefined }] }), "see keys.0.x"],
        [JSON.stringify({ keys: [{ kty: "RSA", n: d, e: "AQAB", d }] }), "see keys.0"],
        [JSON.stringify({ keys: [{ kty: "oct", k: d }] }), "see keys.0"],
        [JSON.stringify({ keys: [{ ...rest, x: other.x, d }] }), "its private and public parts do not match"],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      for (const source of [text, path]) {
        const message = await refusal(source, d);
        assert(message.includes(said), `${message} (${said})`);
      }
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openFileKeys() quotes nothing of a malformed list of keys", async () => {
  const key = await privateKey();
  assertEquals(
    await refusal(JSON.stringify([key]), key.d, key.x),
    "Cannot use the JWK set: expected a JWK set of Ed25519 keys, see it",
  );
});

Deno.test("openFileKeys() rejects keys that cannot sign, and two keys with one name", async () => {
  const key = await privateKey();
  const same = 'Cannot use the JWK set: two keys have the same "kid"';
  for (
    const [keys, message] of [
      [[], "Cannot sign with the JWK set: it has no private key"],
      [[publicPart(key)], "Cannot sign with the JWK set: it has no private key"],
      [[key, key], same],
      [[publicPart(key), key], same],
      [[{ ...key, kid: "one" }, await privateKey({ kid: "one" })], same],
    ] as const
  ) {
    assertEquals(await refusal(JSON.stringify({ keys }), key.d), message);
  }
});

Deno.test("openFileKeys() refuses a part that has bits to spare", async () => {
  const key = await privateKey({ kid: "one" });
  for (const member of ["x", "d"] as const) {
    const spoilt = { ...key, [member]: `${key[member].slice(0, -1)}B` };
    assertEquals(
      await refusal(JSON.stringify({ keys: [spoilt] }), key.d),
      'Cannot use the key "one": it is invalid, or its private and public parts do not match',
    );
  }
});
